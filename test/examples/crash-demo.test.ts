import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { compiled, runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('the crash demo', () => {
  it('kills its replica at least ten times and loses nothing', async () => {
    const { exitCode, stdout } = await runNode([compiled('examples/crash-demo/main.js')]);
    const figure = (name: string) => Number(new RegExp(`│ ${name} +│ +(\\d+) │`).exec(stdout)?.[1]);
    expect(exitCode).toBe(0);
    expect(figure('records')).toBe(20_000);
    expect(figure('kills \\(SIGKILL\\)')).toBeGreaterThanOrEqual(10);
    expect(figure('recovered after the last reopen')).toBe(20_000);
    expect(figure('lost')).toBe(0);
    expect(stdout.trimEnd().endsWith('lost 0')).toBe(true);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('leaves neither a folder nor a replica behind when %s stops it', async (signal, expected) => {
    const TMPDIR = temporaryFolder();
    const child = spawn(process.execPath, [compiled('examples/crash-demo/main.js')], {
      env: { ...process.env, TMPDIR },
    });
    const closed = once(child, 'close'); // once the replica, which has inherited the pipes, has ended as well
    while (!readdirSync(TMPDIR, { recursive: true }).some((name) => String(name).endsWith('CURRENT'))) await sleep(10);
    child.kill(signal);
    const [exitCode] = await closed;
    expect(exitCode).toBe(expected);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });
});
