import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { compiled, runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const main = compiled('examples/cluster/main.js');
const { CLUSTER_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;

/** What a terminal sends Ctrl-C to. */
function startGroup(TMPDIR: string) {
  const child = spawn(process.execPath, [main], { env: { ...process.env, TMPDIR }, detached: true });
  const closed = once(child, 'close'); // once the replicas, which have inherited the pipes, have ended as well
  return { pid: child.pid as number, closed };
}

/** As many replicas as have a database. */
const databasesIn = (folder: string) =>
  readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('CURRENT')).length;

describe('the demo of a cluster', () => {
  it(`loses nothing and applies nothing twice while replicas are killed and cut off (CLUSTER_SEED=${CLUSTER_SEED})`, async () => {
    const options = { kills: 4, partitions: 3, records: 1500, seed: CLUSTER_SEED };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const { exitCode, stdout, stderr } = await runNode([main, ...args]);
    const figure = (name: string) => new RegExp(`│ ${name} +│ +(\\S+)[^│]* │`).exec(stdout)?.[1];
    expect(stderr).not.toContain('violated');
    expect(exitCode).toBe(0);
    expect(figure('records')).toBe('1500');
    expect(figure('kills \\(SIGKILL\\)')).toBe('4');
    expect(figure('partitions')).toBe('3');
    expect(figure('lost')).toBe('0');
    expect(figure('applied twice')).toBe('0');
    expect(figure('logs equal')).toBe('yes');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('leaves neither a folder nor a replica behind when %s stops it', async (signal, expected) => {
    const TMPDIR = temporaryFolder();
    const { pid, closed } = startGroup(TMPDIR);
    while (databasesIn(TMPDIR) < 2) await sleep(10);
    process.kill(-pid, signal);
    expect(await closed).toEqual([expected, null]);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  it('leaves no replica behind when it is killed', async () => {
    const TMPDIR = temporaryFolder();
    const { pid, closed } = startGroup(TMPDIR);
    while (databasesIn(TMPDIR) < 3) await sleep(10);
    process.kill(pid, 'SIGKILL');
    expect(await closed).toEqual([null, 'SIGKILL']);
  });

  it.each([
    ['--records', '0', '--records must be a whole number from 1'],
    ['--speed', '9', '--speed'],
  ])('refuses %s %s', async (name, value, message) => {
    const { exitCode, stderr } = await runNode([main, `${name}=${value}`]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(exitCode).toBe(1);
  });
});
