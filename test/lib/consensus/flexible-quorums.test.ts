import { describe, expect, it } from '@jest/globals';
import { DISKS, Replicas } from '../../support/replicas.js';

describe.each(DISKS)('flexible quorums ($name)', ({ disk }) => {
  const cluster = { flexibleQuorum: { readQuorumSize: 4, writeQuorumSize: 2 } };

  it('elect with as many as the read quorum, and no fewer', async () => {
    const replicas = await Replicas.of(disk, 5, { cluster });
    replicas.stop(replicas.elect());
    replicas.propose(replicas.elect(), 'with four').settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['with four']);
    replicas.stop(replicas.elect());
    expect(() => replicas.elect()).toThrow('no leader');
  });

  it('decide with as many as the write quorum, while the leader stays', async () => {
    const replicas = await Replicas.of(disk, 5, { cluster });
    const leader = replicas.elect();
    const [first, second, third] = replicas.pids.filter((pid) => pid !== leader) as [number, number, number];
    for (const pid of [first, second, third]) replicas.stop(pid);
    replicas.propose(leader, 'with two').settle();
    expect(replicas.decided(leader)).toEqual(['with two']);
    replicas.stop(replicas.other(leader));
    replicas.propose(leader, 'alone').settle();
    expect(replicas.decided(leader)).toEqual(['with two']);
  });
});
