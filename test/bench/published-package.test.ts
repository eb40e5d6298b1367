// The harness as the published package carries it: its own files and its dependencies, without what a clone has beside.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readReport } from '../../bench/fsync/read-report.js';
import { runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const installed = join(temporaryFolder(), 'omnipaxos-rocksdb');

function place(path: string, put: (source: string, target: string) => void, source = join(ROOT, path)): void {
  const target = join(installed, path);
  mkdirSync(dirname(target), { recursive: true });
  put(source, target);
}

beforeAll(() => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(listed) as [{ files: { path: string }[] }];
  for (const { path } of files) place(path, copyFileSync);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  for (const name of Object.keys(dependencies))
    place(join('node_modules', name), (source, target) => symlinkSync(source, target));
  place(
    `prebuilds/${process.platform}-${process.arch}/omnipaxos_rocksdb.node`,
    (source, target) => symlinkSync(source, target),
    join(ROOT, 'build/Release/omnipaxos_rocksdb.node'),
  );
});

function run(...args: string[]) {
  return runNode([join(installed, 'dist/cli/main.js'), 'bench', 'fsync', ...args], '', { cwd: installed });
}

describe('bench fsync of the published package', () => {
  it('measures, by the binding where the C++ program is not there, and skips peers that are not installed', async () => {
    const json = join(temporaryFolder(), 'report.json');
    const few = ['--batch', '1', '--in-flight', '1', '--entry-size', '128', '--duration', '3'];
    const { exitCode, stdout } = await run(
      '--dir',
      installed,
      ...few,
      '--peers',
      'node-rocksdb,better-sqlite3',
      '--json',
      json,
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Skipped: node-rocksdb: not installed; `npm install rocksdb` installs it\n');
    expect(stdout).toContain('Skipped: better-sqlite3: not installed; `npm install better-sqlite3` installs it\n');
    const ids = readReport(json).points.map(({ id }) => id);
    expect(ids).toContain('binding append batch=1 inFlight=1 entryBytes=128');
    expect(ids.some((id) => id.startsWith('baseline'))).toBe(false);
  });

  it('says before it measures that --html needs echarts, and how to install it', async () => {
    const { exitCode, stdout, stderr } = await run('--html', join(temporaryFolder(), 'report.html'));
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]*echarts[^\n]*`npm install echarts`\n$/);
  });
});
