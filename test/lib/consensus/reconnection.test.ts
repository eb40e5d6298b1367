import { describe, expect, it } from '@jest/globals';
import { DISKS, type Kind, Replicas } from '../../support/replicas.js';

const NEXT = { configurationId: 2, nodes: [1, 2, 3] };

describe.each(DISKS)('lost messages ($name)', ({ disk }) => {
  /** Loses what is of one of `kinds` on its way to or from `pid`. */
  const losing = (replicas: Replicas, pid: number, ...kinds: Kind[]) => {
    replicas.lost = ({ from, to, kind }) => (from === pid || to === pid) && kinds.includes(kind);
  };
  const losingNothing = (replicas: Replicas) => {
    replicas.lost = () => false;
  };

  async function withLeader() {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const follower = replicas.other(leader);
    return { replicas, leader, follower };
  }

  it.each<Kind>(['acceptDecide', 'decide', 'accepted'])('%s: the follower notices, and catches up', async (kind) => {
    const { replicas, leader, follower } = await withLeader();
    losing(replicas, follower, kind);
    replicas.propose(leader, 'lost').settle();
    losingNothing(replicas);
    replicas.propose(leader, 'seen').settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['lost', 'seen']);
  });

  it.each<Kind>(['prepare', 'promise', 'acceptSync', 'prepareReq'])(
    '%s: is repeated until the follower is part of the round',
    async (kind) => {
      const { replicas, leader, follower } = await withLeader();
      losing(replicas, follower, kind);
      replicas.isolate(leader);
      const next = replicas.other(leader, follower);
      replicas.at(next, (omni) => omni.tryBecomeLeader()).settle();
      replicas.rejoin(leader).settle();
      replicas.tick(3);
      losingNothing(replicas);
      replicas.tick(100);
      replicas.propose(replicas.elect(), 'behind').settle();
      for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['behind']);
    },
  );

  it('of a whole connection are made up for on the next', async () => {
    const { replicas, leader, follower } = await withLeader();
    replicas.isolate(follower);
    replicas.propose(leader, 'a', 'b').settle();
    expect(replicas.decided(follower)).toEqual([]);
    replicas.rejoin(follower).settle();
    expect(replicas.decided(follower)).toEqual(['a', 'b']);
  });

  it('between a follower and the leader are noticed by numbers that count up', async () => {
    const { replicas, leader, follower } = await withLeader();
    replicas.sent = [];
    for (const entry of ['a', 'b', 'c']) replicas.propose(leader, entry).settle();
    // Behind the header and the ballot: session and counter.
    const numbers = replicas.sent
      .filter(({ to, kind }) => to === follower && (kind === 'acceptDecide' || kind === 'decide'))
      .map(({ bytes }) => Buffer.from(bytes).readBigUInt64LE(14 + 20 + 8));
    expect(numbers.length).toBeGreaterThan(3);
    numbers.forEach((number, i) => {
      expect(number).toBe((numbers[0] as bigint) + BigInt(i));
    });
  });

  it.each<Kind>(['acceptStopsign', 'decide', 'accepted'])('%s of a stop-sign: it is repeated', async (kind) => {
    const { replicas, leader, follower } = await withLeader();
    losing(replicas, follower, kind);
    replicas.at(leader, (omni) => omni.reconfigure(NEXT)).settle();
    losingNothing(replicas);
    replicas.tick(300);
    for (const pid of replicas.pids) expect(replicas.omni(pid).isReconfigured()?.nextConfig).toEqual(NEXT);
  });

  it('acceptStopsign of all followers: none holds it, and it is repeated', async () => {
    const { replicas, leader } = await withLeader();
    replicas.lost = ({ kind }) => kind === 'acceptStopsign';
    replicas.at(leader, (omni) => omni.reconfigure(NEXT)).settle();
    replicas.tick(5);
    expect(replicas.omni(leader).isReconfigured()).toBeUndefined();
    losingNothing(replicas);
    replicas.tick(60);
    for (const pid of replicas.pids) expect(replicas.omni(pid).isReconfigured()?.nextConfig).toEqual(NEXT);
  });

  it('acceptStopsign to one who leads afterwards: it learns the stop-sign from the others', async () => {
    const { replicas, leader, follower } = await withLeader();
    replicas.isolate(follower);
    replicas.at(leader, (omni) => omni.reconfigure(NEXT)).settle();
    expect(replicas.omni(leader).isReconfigured()).toBeDefined();
    replicas.stop(leader);
    replicas.rejoin(follower).settle();
    replicas.at(follower, (omni) => omni.tryBecomeLeader()).settle();
    replicas.tick(30);
    expect(replicas.omni(follower).isReconfigured()?.nextConfig).toEqual(NEXT);
  });

  it('a promise that comes late takes back nothing that its sender has decided', async () => {
    const replicas = await Replicas.of(disk);
    replicas.at(1, (omni) => omni.tryBecomeLeader()).settle();
    // 'a' is decided at 1 and 3; 2 has accepted it, and does not know.
    replicas.lost = ({ to, kind }) => to === 2 && kind === 'decide';
    replicas.propose(1, 'a').settle();
    expect(replicas.pids.map((pid) => replicas.omni(pid).decidedIdx)).toEqual([1, 0, 1]);
    // 2 leads with the promise of one that is not 3, whose own comes later.
    replicas.stop(1);
    let late: Uint8Array | undefined;
    replicas.lost = ({ from, kind, bytes }) => {
      if (from !== 3 || kind !== 'promise') return false;
      late ??= bytes;
      return true;
    };
    replicas.at(2, (omni) => omni.tryBecomeLeader()).settle();
    losingNothing(replicas);
    replicas.at(2, (omni) => omni.handleIncoming(late as Uint8Array)).settle();
    expect(replicas.omni(3).decidedIdx).toBe(1);
    replicas.propose(2, 'b').settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['a', 'b']);
  });
});
