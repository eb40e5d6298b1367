// That `npm run bench` measures every bar and leaves nothing behind. What it measures is for the benchmark to say.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { compiled, runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const bench = compiled('bench/main.js');

describe('npm run bench', () => {
  it('measures every bar, and removes what it wrote', async () => {
    const folder = temporaryFolder();
    const json = join(temporaryFolder(), 'bars.json');
    const { exitCode, stdout } = await runNode([bench, '--dir', folder, '--quick', '--rounds', '1', '--json', json]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(readFileSync(json, 'utf8'));
    expect(report).toMatchObject({ schemaVersion: 1, plan: { rounds: 1 }, environment: { node: process.version } });
    expect(report.bars).toHaveLength(20);
    for (const { title, skipped, figure, holds } of report.bars) {
      expect(stdout).toContain(title);
      const isAgainstRust = title.includes('the crate in Rust');
      if (isAgainstRust) expect(skipped).toBe('only with --rust');
      else if (process.platform === 'linux') expect(skipped).toBeUndefined();
      if (skipped === undefined)
        expect({ title, figure: figure.median > 0, holds: typeof holds }).toMatchObject({
          figure: true,
          holds: 'boolean',
        });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends at Ctrl-C, and removes what it wrote', async () => {
    const folder = temporaryFolder();
    const child = spawn(process.execPath, [bench, '--dir', folder, '--quick'], { stdio: ['ignore', 'pipe', 'ignore'] });
    while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['rounds that are none', ['--rounds', '0'], 'whole number'],
    ['a folder that is not there', ['--dir', '/nowhere/at/all'], 'no folder'],
  ])('refuses %s', async (_, args, words) => {
    const { exitCode, stderr } = await runNode([bench, ...args]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(words);
  });
});
