import { describe, expect, it } from '@jest/globals';
import { DISKS, Replicas } from '../../support/replicas.js';

describe.each(DISKS)('an election ($name)', ({ disk }) => {
  it('gives one leader, whom all follow', async () => {
    const replicas = await Replicas.of(disk);
    expect(replicas.omni(1).currentLeader).toBeUndefined();
    const leader = replicas.elect();
    for (const pid of replicas.pids) {
      expect(replicas.omni(pid).currentLeader).toEqual({ pid: leader, inAcceptPhase: true });
      expect(replicas.omni(pid).promise).toMatchObject({ configId: 1, pid: leader });
    }
  });

  it('follows each end of a leader, as long as a majority is left', async () => {
    const replicas = await Replicas.of(disk, 5);
    const leaders = [replicas.elect()];
    for (let ended = 0; ended < 2; ended++) {
      replicas.stop(leaders.at(-1) as number);
      leaders.push(replicas.elect());
    }
    expect(new Set(leaders).size).toBe(3);
    expect(() => {
      replicas.stop(leaders.at(-1) as number);
      replicas.elect();
    }).toThrow('no leader');
  });

  it('prefers the replica of the highest priority, as it was built or set', async () => {
    const replicas = await Replicas.of(disk);
    replicas.omni(1).setPriority(7);
    expect(replicas.elect()).toBe(1);
  });

  it('takes the leadership to whoever asks for it', async () => {
    const replicas = await Replicas.of(disk);
    const follower = replicas.other(replicas.elect());
    replicas.at(follower, (omni) => omni.tryBecomeLeader()).settle();
    expect(replicas.elect()).toBe(follower);
  });

  it('leaves a leader alone whom it can still reach, whatever becomes of the other ways', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const [a, b] = replicas.pids.filter((pid) => pid !== leader) as [number, number];
    replicas.network.partition.block(a, b);
    replicas.network.partition.block(b, a);
    const { n } = replicas.omni(leader).promise;
    replicas.tick(100);
    expect(replicas.elect()).toBe(leader);
    expect(replicas.omni(leader).promise.n).toBe(n);
  });

  it('finds the one replica that is connected to a majority', async () => {
    const replicas = await Replicas.of(disk, 5);
    const leader = replicas.elect();
    const hub = replicas.other(leader);
    for (const one of replicas.pids) {
      for (const other of replicas.pids) {
        if (one !== other && one !== hub && other !== hub) replicas.network.partition.block(one, other);
      }
    }
    replicas.tick(150);
    expect(replicas.omni(hub).currentLeader).toEqual({ pid: hub, inAcceptPhase: true });
    replicas.propose(hub, 'through the hub').settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['through the hub']);
  });
});
