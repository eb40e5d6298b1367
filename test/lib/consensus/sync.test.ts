import { describe, expect, it } from '@jest/globals';
import { DISKS, Replicas } from '../../support/replicas.js';

const words = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `word ${from + i}`);

describe.each(DISKS)('a follower that was cut off ($name)', ({ disk }) => {
  interface Case {
    /** Decided everywhere before. */
    common?: number;
    /** Decided while it is cut off. */
    decided?: number;
    /** Accepted by the leader alone, and not decided. */
    undecided?: number;
    stopsign?: boolean;
    /** Where the leader compacts. */
    leaderFloor?: number;
    followerFloor?: number;
  }

  it.each<[string, Case]>([
    ['decided entries', { common: 2, decided: 3 }],
    ['entries of which some are not decided', { common: 2, decided: 3, undecided: 2 }],
    ['a decided stop-sign', { common: 1, decided: 2, stopsign: true }],
    ['a stop-sign alone', { stopsign: true }],
    ['the state alone', { decided: 4, leaderFloor: 4 }],
    ['the state in place of what it has itself', { common: 4, decided: 2, leaderFloor: 5, followerFloor: 2 }],
    ['state, entries and a stop-sign', { common: 2, decided: 4, leaderFloor: 4, undecided: 1, stopsign: true }],
  ])('is given %s', async (_, given) => {
    const { common = 0, decided = 0, undecided = 0, stopsign = false, leaderFloor = 0, followerFloor = 0 } = given;
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const follower = replicas.other(leader);
    replicas.propose(leader, ...words(0, common)).settle();
    if (followerFloor > 0) replicas.omni(follower).compact(followerFloor, `state at ${followerFloor}`);
    replicas.isolate(follower);
    const end = common + decided;
    replicas.propose(leader, ...words(common, end)).settle();
    if (leaderFloor > 0) replicas.omni(leader).compact(leaderFloor, `state at ${leaderFloor}`);
    const third = replicas.other(leader, follower);
    if (undecided > 0) {
      replicas.isolate(third);
      replicas.propose(leader, ...words(end, end + undecided)).settle();
      expect(replicas.omni(leader).decidedIdx).toBe(end);
      replicas.rejoin(third);
    }
    if (stopsign) replicas.at(leader, (omni) => omni.reconfigure({ configurationId: 2, nodes: [1, 2, 3] }));
    replicas.settle();

    replicas.rejoin(follower).settle();
    replicas.tick(30);

    const all = end + undecided;
    const floor = Math.max(leaderFloor, followerFloor);
    expect(replicas.decided(follower)).toEqual(words(floor, all));
    expect(replicas.omni(follower).decidedIdx).toBe(all + (stopsign ? 1 : 0));
    expect(replicas.omni(follower).isReconfigured() !== undefined).toBe(stopsign);
    if (floor > 0) expect(replicas.replica(follower).storage.getSnapshot()).toBe(`state at ${floor}`);
  });

  it('loses what it accepted as a leader that nobody followed', async () => {
    const replicas = await Replicas.of(disk);
    const old = replicas.elect();
    replicas.propose(old, 'common').settle();
    replicas.isolate(old);
    replicas.propose(old, 'of nobody else', 'nor this');
    const leader = replicas.elect(replicas.pids.filter((pid) => pid !== old));
    replicas.propose(leader, 'decided').settle();
    expect(replicas.omni(old).acceptedIdx).toBe(3);
    replicas.rejoin(old).settle();
    replicas.tick(30);
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['common', 'decided']);
    expect(replicas.omni(old).acceptedIdx).toBe(2);
  });

  it('waits where what it needs was compacted without a state, and is served by another', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const follower = replicas.other(leader);
    replicas.isolate(follower);
    replicas.propose(leader, ...words(0, 3)).settle();
    replicas.omni(leader).compact(3);
    replicas.rejoin(follower).settle();
    replicas.tick(30);
    expect(replicas.omni(follower).decidedIdx).toBe(0);
    const third = replicas.other(leader, follower);
    replicas.at(third, (omni) => omni.tryBecomeLeader()).settle();
    replicas.tick(30);
    expect(replicas.decided(follower)).toEqual(words(0, 3));
  });

  it('is given no state that is older than the floor, also by a leader that has started again', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const [follower, third] = [replicas.other(leader), replicas.other(leader, replicas.other(leader))];
    replicas.isolate(follower);
    replicas.propose(leader, ...words(0, 5)).settle();
    replicas.omni(leader).compact(2, 'state at 2');
    replicas.replica(leader).storage.compact(4); // by another, who has the state at 4
    replicas.tick();
    await replicas.restart(leader);
    replicas.isolate(third);
    replicas.rejoin(follower).settle();
    replicas.tick(60);
    expect(replicas.replica(follower).storage.getSnapshot()).toBeUndefined();
    expect(replicas.omni(follower).decidedIdx).toBe(0);
    replicas.rejoin(third).settle();
    replicas.at(third, (omni) => omni.tryBecomeLeader()).settle();
    replicas.tick(60);
    expect(replicas.decided(follower)).toEqual(words(0, 5));
  });

  it('is given the state by a leader that has started again', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const follower = replicas.other(leader);
    replicas.isolate(follower);
    replicas.propose(leader, ...words(0, 3)).settle();
    for (const pid of replicas.pids) if (pid !== follower) replicas.omni(pid).compact(3, 'state at 3');
    await replicas.restart(leader);
    replicas.rejoin(follower).settle();
    replicas.elect();
    expect(replicas.omni(follower).compactedIdx).toBe(3);
    expect(replicas.replica(follower).storage.getSnapshot()).toBe('state at 3');
  });
});
