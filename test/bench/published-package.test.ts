// The published package: its own files and its dependencies, without what a clone has beside. The library needs no more; the
// command asks for what it needs.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readReport } from '../../bench/fsync/read-report.js';
import { runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const installed = join(temporaryFolder(), 'omnipaxos-rocksdb');
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};
/** What the command needs, but for `--html`. */
const ofTheCommand = Object.keys(peerDependencies).filter((name) => name !== 'echarts');

type Put = (source: string, target: string) => void;
function place(path: string, put: Put, source = join(ROOT, path)): void {
  const target = join(installed, path);
  mkdirSync(dirname(target), { recursive: true });
  put(source, target);
}

function install(names: readonly string[]): void {
  for (const name of names) place(join('node_modules', name), (source, target) => symlinkSync(source, target));
}

function uninstall(names: readonly string[]): void {
  for (const name of names) rmSync(join(installed, 'node_modules', name), { force: true });
}

beforeAll(() => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(listed) as [{ files: { path: string }[] }];
  for (const { path } of files) place(path, copyFileSync);
  install(Object.keys(dependencies));
  place(
    `prebuilds/${process.platform}-${process.arch}/omnipaxos_rocksdb.node`,
    (source, target) => symlinkSync(source, target),
    join(ROOT, 'build/Release/omnipaxos_rocksdb.node'),
  );
});

function command(args: readonly string[], input = '') {
  return runNode([join(installed, 'dist/cli/main.js'), ...args], input, { cwd: installed });
}

/** The one line that tells how to install `names`. */
function asksFor(names: readonly string[]) {
  const packages = names.map((name) => `'${name}@${peerDependencies[name]}'`).join(' ');
  const stderr =
    'omnipaxos-rocksdb: the command needs packages that the library does not; install them beside it: ' +
    `npm install ${packages}\n`;
  return { exitCode: 1, signal: null, stdout: '', stderr };
}

describe('the library of the published package', () => {
  it('works with its dependencies alone', async () => {
    const program = `
      import { Database, RocksdbStorage } from 'omnipaxos-rocksdb';
      const db = Database.openSync('library', { columnFamilies: ['log'] });
      const log = RocksdbStorage.openIn(db, 'log');
      log.appendEntries([1, { two: 2 }]);
      console.log(JSON.stringify(log.getSuffix(0)));
      db.closeSync();`;
    const outcome = await runNode(['--input-type=module', '-e', program], '', { cwd: installed });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '[1,{"two":2}]\n', stderr: '' });
    expect(Object.keys(dependencies)).toEqual(['denque', 'detect-libc', 'msgpackr']);
  });
});

describe('the command of the published package, beside the library alone', () => {
  it.each([[['--help']], [['--version']], [['append', '--db', 'x']], [['bench', 'fsync']], [['nope']]])(
    'tells for %j in one line what to install',
    async (args) => {
      expect(await command(args)).toEqual(asksFor(ofTheCommand));
    },
  );
});

describe('the command of the published package, with commander', () => {
  const others = ofTheCommand.filter((name) => name !== 'commander');
  beforeAll(() => install(['commander']));
  afterAll(() => uninstall(['commander']));

  it('does what needs no more', async () => {
    expect(await command(['append', '--create', '--db', 'data'], '1\n')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await command(['dump', '--db', 'data'])).toMatchObject({ exitCode: 0, stdout: '1\n' });
    expect(await command(['stat', '--db', 'data', '--json'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await command(['checkpoint', '--db', 'data', '--to', 'copy'])).toMatchObject({ exitCode: 0 });
    expect(await command(['bench', 'fsync', '--help'])).toMatchObject({ exitCode: 0 });
  });

  it('tells for a table, and for a run, what is missing', async () => {
    expect(await command(['stat', '--db', 'data'])).toEqual(asksFor(others));
    expect(await command(['bench', 'fsync'])).toEqual(asksFor(others));
  });
});

describe('bench fsync of the published package, with what the command needs', () => {
  const run = (...args: string[]) => command(['bench', 'fsync', ...args]);
  beforeAll(() => install(ofTheCommand));
  afterAll(() => uninstall(ofTheCommand));

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
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]*echarts[^\n]*: npm install 'echarts@\^[^'\n]+'\n$/);
  });
});
