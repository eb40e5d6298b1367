// A majority is lost for good, and what is left of one replica becomes a group again: by the command, and only where it is meant.

import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Add, PIDS, peersOf, ReplicasOfCounters } from '../support/replicas-of-counters.js';
import { runCommand } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.map((each) => each.stop()));
  opened = [];
});

const one = (key: string): Add => ({ key, add: 1 });

/** A group that has decided `count` commands, all of whose replicas are stopped. */
async function stopped(count: number): Promise<{ replicas: ReplicasOfCounters; db: string }> {
  const replicas = await ReplicasOfCounters.three({ snapshotEveryEntries: 20, keepEntries: 3 });
  opened.push(replicas);
  const leader = await replicas.leader();
  for (let i = 0; i < count; i++) await replicas.at(leader).propose(one('x'));
  await replicas.settled();
  await replicas.stop();
  return { replicas, db: join(replicas.folder, 'replica-2') };
}

const args = (db: string, ...rest: string[]) => [
  'recover',
  '--db',
  db,
  '--peers',
  '2=replica-2:1,4=replica-4:1',
  ...rest,
];

describe('recover', () => {
  it('says what may be lost, and lets the group go on with one replica and a new one', async () => {
    const { replicas, db } = await stopped(50);
    const { exitCode, stdout, stderr } = await runCommand(args(db, '--accept-loss'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^Replica 2 of configuration 1, with 1, 3, has all entries below \d+\. /);
    expect(stdout).toContain('is lost, also what was acknowledged');
    expect(stdout).toMatch(/replica 2 is in configuration \d+ with 2, 4/);
    await replicas.open(2);
    expect(replicas.machine(2).values).toEqual(new Map([['x', 50]]));
    await replicas.open(4, { join: true, peers: peersOf([2, 4]) });
    await replicas.leader([2, 4]);
    expect((await replicas.at(4).propose(one('x'))).result).toBe(51);
    await replicas.settled([2, 4]);
    await replicas.open(5, { join: true, peers: peersOf([2, 4, 5]) });
    await replicas.at(2).reconfigure(peersOf([2, 4, 5]));
    expect((await replicas.at(5).propose(one('x'))).result).toBe(52);
    for (const pid of [2, 4]) await replicas.restart(pid);
    await replicas.leader([2, 4, 5]);
    expect((await replicas.at(2).propose(one('x'))).result).toBe(53);
    // The others cannot come back into it.
    await replicas.open(1);
    expect(await replicas.at(1).stopped).toMatchObject({ code: 'RECONFIGURED' });
  });

  it('changes nothing where nobody can be asked', async () => {
    const { replicas, db } = await stopped(3);
    const { exitCode, stderr } = await runCommand(args(db));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]*--accept-loss[^\n]*\n$/);
    for (const pid of PIDS) await replicas.open(pid);
    await replicas.leader();
    expect((await replicas.at(2).propose(one('x'))).result).toBe(4);
  });

  it.each<[string, string[], string]>([
    ['a pid of one that is lost', ['--peers', '2=a:1,3=b:1'], '3 was another'],
    ['members without the replica', ['--peers', '4=a:1,5=b:1'], 'with 2 among them'],
    ['one member', ['--peers', '2=a:1'], 'two pids'],
    ['another group', ['--group', 'other'], 'no member of a group other'],
  ])('refuses %s in one line', async (_, rest, words) => {
    const { db } = await stopped(1);
    const { exitCode, stderr } = await runCommand([...args(db), ...rest, '--accept-loss']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]+\n$/);
    expect(stderr).toContain(words);
  });

  it('needs a database, and peers that are written as they must be', async () => {
    const missing = join(temporaryFolder(), 'none');
    expect((await runCommand(args(missing, '--accept-loss'))).exitCode).toBe(1);
    expect((await runCommand(['recover', '--db', missing])).exitCode).toBe(2);
    expect((await runCommand(['recover', '--db', missing, '--peers', '2'])).exitCode).toBe(2);
  });
});
