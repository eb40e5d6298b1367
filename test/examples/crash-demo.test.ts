import { describe, expect, it } from '@jest/globals';
import { compiled, runNode } from '../support/run-command.js';

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
});
