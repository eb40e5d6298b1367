import { describe, expect, it } from '@jest/globals';
import { DISKS, Replicas } from '../../support/replicas.js';

const words = (count: number) => Array.from({ length: count }, (_, i) => `word ${i}`);

describe.each(DISKS)('a replica that starts again ($name)', ({ disk }) => {
  it.each([
    ['the leader', 'a follower'],
    ['the leader', 'itself'],
    ['a follower', 'the leader'],
    ['a follower', 'itself'],
  ])('%s: takes part again, and decides what %s proposes', async (who, proposer) => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const pid = who === 'the leader' ? leader : replicas.other(leader);
    replicas.propose(leader, ...words(3)).settle();
    const place = replicas.stop(pid);
    const among = replicas.elect();
    replicas.propose(among, 'meanwhile').settle();
    await replicas.start(pid, place);
    replicas.elect();
    const at = proposer === 'itself' ? pid : proposer === 'the leader' ? replicas.elect() : replicas.other(pid);
    replicas.propose(at, 'behind').settle().tick(5);
    const all = [...words(3), 'meanwhile', 'behind'];
    for (const each of replicas.pids) expect(replicas.decided(each)).toEqual(all);
  });

  it('finds what it has promised, accepted and decided', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.propose(leader, ...words(4)).settle();
    const seen = (pid: number) => {
      const { promise, acceptedIdx, decidedIdx, compactedIdx } = replicas.omni(pid);
      return { promise, acceptedIdx, decidedIdx, compactedIdx, log: replicas.decided(pid) };
    };
    const pid = replicas.other(leader);
    replicas.omni(pid).compact(1, 'state');
    const before = seen(pid);
    const place = replicas.stop(pid);
    for (const other of replicas.pids) replicas.isolate(other);
    await replicas.start(pid, place);
    expect(seen(pid)).toEqual(before);
  });

  it('does not lead by the ballot of its earlier life', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const { promise } = replicas.omni(leader);
    await replicas.restart(leader);
    expect(replicas.omni(leader).currentLeader).toEqual({ pid: leader, inAcceptPhase: false });
    replicas.elect();
    expect(replicas.omni(leader).promise.n).toBeGreaterThan(promise.n);
  });

  it('of all together goes on where all were', async () => {
    const replicas = await Replicas.of(disk);
    replicas.propose(replicas.elect(), ...words(3)).settle();
    const places = replicas.pids.map((pid) => [pid, replicas.stop(pid)] as const);
    for (const [pid, place] of places) await replicas.start(pid, place);
    replicas.propose(replicas.elect(), 'behind').settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual([...words(3), 'behind']);
  });
});
