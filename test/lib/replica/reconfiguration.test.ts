// From one configuration to the next: who is let in and who is not, what goes on meanwhile, and what becomes of who is left out
// or was not there.

import { afterEach, describe, expect, it } from '@jest/globals';
import { TcpTransport } from '../../../lib/consensus/index.js';
import { Database } from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import { type Add, PIDS, peersOf, ReplicasOfCounters } from '../../support/replicas-of-counters.js';
import { until } from '../../support/until.js';

let opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.map((each) => each.stop()));
  opened = [];
});

async function three(options: Parameters<typeof ReplicasOfCounters.three>[0] = {}): Promise<ReplicasOfCounters> {
  const replicas = await ReplicasOfCounters.three(options);
  opened.push(replicas);
  return replicas;
}

const one = (key: string): Add => ({ key, add: 1 });
const others = (pid: number) => PIDS.filter((other) => other !== pid) as [number, number];
const configurationOf = (replicas: ReplicasOfCounters, pid: number) => replicas.at(pid).status().configurationId;

async function run(replicas: ReplicasOfCounters, pids: readonly number[], configurationId: number): Promise<void> {
  await until(() => pids.every((pid) => configurationOf(replicas, pid) === configurationId));
  await replicas.leader(pids);
}

describe('reconfigure', () => {
  it('adds a replica that starts empty: it takes the state, votes, and indices go on rising', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const before = await replicas.at(leader).propose(one('before'));
    await replicas.open(4, { join: true });
    expect(replicas.at(4).status()).toMatchObject({ configurationId: 0, peers: [], leadership: { role: 'unknown' } });
    const metadata = Buffer.from('four');
    await replicas.at(leader).reconfigure(peersOf([1, 2, 3, 4]), { metadata });
    await run(replicas, [1, 2, 3, 4], 2);
    const after = await replicas.at(4).propose(one('after'));
    expect(after.index).toBeGreaterThan(before.index);
    await replicas.settled([1, 2, 3, 4]);
    for (const pid of [1, 2, 3, 4]) {
      expect(replicas.machine(pid).values).toEqual(new Map([['before', 1], ['after', 1]])); // biome-ignore format: a map
      expect(replicas.at(pid).status().metadata).toEqual(metadata);
    }
    // Three of four are a majority: two of the old are not.
    for (const pid of others(leader).slice(0, 1)) await replicas.at(pid).stop();
    const there = [1, 2, 3, 4].filter((pid) => pid !== others(leader)[0]);
    await replicas.leader(there);
    expect((await replicas.at(4).propose(one('after'))).result).toBe(2);
  });

  it('replaces a replica whose disk was lost, while proposals go on', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [lost, other] = others(leader);
    await replicas.at(lost).stop();
    await replicas.open(4, { join: true });
    let isOver = false;
    const proposed = (async () => {
      let count = 0;
      for (; !isOver || count < 50; count++) {
        await Promise.all([leader, other].map((pid) => replicas.at(pid).propose(one('x'))));
      }
      return count * 2;
    })();
    await replicas.at(other).reconfigure(peersOf([leader, other, 4]));
    await run(replicas, [leader, other, 4], 2);
    isOver = true;
    const count = await proposed;
    await replicas.settled([leader, other, 4]);
    for (const pid of [leader, other, 4]) expect(replicas.machine(pid).values.get('x')).toBe(count);
  });

  it('replaces all three, one after the other, and gives the space of the earlier logs back', async () => {
    const replicas = await three({ snapshotEveryEntries: 50, keepEntries: 5 });
    let members = [...PIDS];
    for (const pid of [4, 5, 6]) {
      const leader = await replicas.leader(members);
      await replicas.open(pid, { join: true, peers: peersOf([...members, pid]) });
      for (let i = 0; i < 30; i++) await replicas.at(leader).propose(one('x'));
      const [gone, ...staying] = members as [number, ...number[]];
      members = [...staying, pid];
      await replicas.at(leader).reconfigure(peersOf(members));
      await run(replicas, members, pid - 2);
      expect(await replicas.at(gone).stopped).toMatchObject({ code: 'RECONFIGURED' });
    }
    expect((await replicas.at(6).propose(one('x'))).result).toBe(91);
    await replicas.settled(members);
    for (const pid of members) expect(replicas.machine(pid).values.get('x')).toBe(91);
    await until(() => members.every((pid) => replicas.at(pid).status().snapshotIdx >= 90));
    await replicas.stop();
    for (const pid of [4, 5, 6]) {
      const db = await Database.open(`${replicas.folder}/replica-${pid}`);
      try {
        expect(db.columnFamilies.filter((name) => name.startsWith('log.'))).toEqual(['log.default.4']);
      } finally {
        await db.close();
      }
    }
  });

  it('ends a replica that is left out, with its proposals, and it never comes back', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [follower, other] = others(leader);
    await replicas.open(4, { join: true });
    await replicas.at(leader).reconfigure(peersOf([follower, other, 4]));
    expect(await failureOf(() => replicas.at(leader).propose(one('x')))).toMatchObject({ code: 'RECONFIGURED' });
    expect(await replicas.at(leader).stopped).toMatchObject({ code: 'RECONFIGURED' });
    await run(replicas, [follower, other, 4], 2);
    await replicas.open(leader);
    expect(await replicas.at(leader).stopped).toMatchObject({ code: 'RECONFIGURED' });
    const again = failureOf(() => replicas.at(follower).reconfigure(peersOf([...PIDS, 4])));
    expect(await again).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`${leader} was another's, and is never given again`),
    });
  });

  it('goes on after restarts of all, from the log before and its own', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    for (let i = 0; i < 10; i++) await replicas.at(leader).propose(one('x'));
    await replicas.at(leader).reconfigure(peersOf(PIDS));
    await run(replicas, PIDS, 2);
    await replicas.at(leader).propose(one('x'));
    await replicas.settled();
    for (const pid of PIDS) await replicas.restart(pid);
    await run(replicas, PIDS, 2);
    expect((await replicas.at(1).propose(one('x'))).result).toBe(12);
    await replicas.settled();
    for (const pid of PIDS) expect(replicas.machine(pid).applied).toEqual(replicas.machine(1).applied);
  });

  it('reaches a member that was away, after the configuration in which it was has ended for all others', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away, other] = others(leader);
    await replicas.at(away).stop();
    for (let i = 0; i < 10; i++) await replicas.at(leader).propose(one('x'));
    await replicas.at(leader).reconfigure(peersOf(PIDS));
    await run(replicas, [leader, other], 2);
    for (const pid of [leader, other]) {
      await replicas.at(pid).takeSnapshot();
      await replicas.restart(pid);
    }
    await replicas.open(away);
    await run(replicas, PIDS, 2);
    await replicas.at(away).propose(one('x'));
    await replicas.settled();
    for (const pid of PIDS) expect(replicas.machine(pid).values.get('x')).toBe(11);
    await replicas.restart(away);
    await run(replicas, PIDS, 2);
    expect((await replicas.at(away).propose(one('x'))).result).toBe(12);
  });

  it('tells a replica that was away when it was left out that it is no member', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away, other] = others(leader);
    await replicas.open(4, { join: true });
    await replicas.at(away).stop();
    await replicas.at(leader).reconfigure(peersOf([leader, other, 4]));
    await run(replicas, [leader, other, 4], 2);
    for (const pid of [leader, other]) await replicas.restart(pid);
    await replicas.open(away);
    expect(await replicas.at(away).stopped).toMatchObject({ code: 'RECONFIGURED' });
  });

  it('refuses what would leave the group without a majority that knows it, or lets in nobody knows whom', async () => {
    const replicas = await three();
    const leader = replicas.at(await replicas.leader());
    const invalid = { code: 'INVALID_ARGUMENT' };
    const refused = (peers: unknown, options?: object) =>
      failureOf(() => leader.reconfigure(peers as never, options as never));
    expect(await refused(peersOf([1, 4, 5]))).toMatchObject(invalid);
    expect(await refused(peersOf([1]))).toMatchObject(invalid);
    expect(await refused(peersOf([1, 1, 2]))).toMatchObject(invalid);
    expect(await refused(7)).toMatchObject(invalid);
    expect(await refused([{ pid: 1 }, { pid: 2 }])).toMatchObject(invalid);
    expect(await refused(peersOf(PIDS), { metadata: 'x' })).toMatchObject(invalid);
    expect(await refused(peersOf(PIDS), { meta: Buffer.of(1) })).toMatchObject(invalid);
    const abort = new AbortController();
    const waiting = refused(peersOf([...PIDS, 4]), { signal: abort.signal });
    expect(await refused(peersOf(PIDS))).toMatchObject({ code: 'PENDING_RECONFIGURATION' });
    abort.abort();
    expect(await waiting).toMatchObject({ code: 'NOT_DECIDED' });
    expect(leader.status().configurationId).toBe(1);
    expect((await leader.propose(one('x'))).result).toBe(1);
  });

  it('is one of two that are asked for at once; the other is told', async () => {
    const replicas = await three();
    await replicas.leader();
    const outcomes = await Promise.allSettled(
      [1, 2].map((pid) => replicas.at(pid).reconfigure(peersOf(PIDS), { metadata: Buffer.of(pid) })),
    );
    await run(replicas, PIDS, 2);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(lost.reason).toMatchObject({ code: 'RECONFIGURED' });
    const won = outcomes.findIndex(({ status }) => status === 'fulfilled') + 1;
    for (const pid of PIDS) expect(replicas.at(pid).status().metadata).toEqual(Buffer.of(won));
  });
});

describe('over TCP', () => {
  it('a replica is replaced by another, and finds the group again where all that it knew have gone', async () => {
    const transports = new Map<number, TcpTransport>();
    const replicas = await ReplicasOfCounters.over(async (pid) => {
      const transport = new TcpTransport({ listen: '127.0.0.1:0', electionTimeoutMs: 1000, log: () => {} });
      await transport.listen();
      transports.set(pid, transport);
      return transport;
    });
    const peers = (pids: readonly number[]) =>
      pids.map((pid) => ({ pid, endpoint: (transports.get(pid) as TcpTransport).endpoint }));
    opened.push({
      stop: async () => {
        await replicas.stop();
        await Promise.all([...transports.values()].map((transport) => transport.close()));
      },
    });
    for (const pid of [1, 2, 3, 4, 5]) await replicas.listen(pid);
    for (const pid of PIDS) await replicas.open(pid, { bootstrap: true, peers: peers(PIDS) });
    const leader = await replicas.leader();
    await replicas.at(leader).propose(one('x'));
    const [away, other] = others(leader);
    await replicas.at(away).stop();
    await replicas.open(4, { join: true, peers: peers([...PIDS, 4]) });
    await replicas.at(other).reconfigure(peers([away, other, 4]));
    await run(replicas, [other, 4], 2);
    await replicas.open(5, { join: true, peers: peers([away, other, 4, 5]) });
    await replicas.at(4).reconfigure(peers([away, 4, 5]));
    await run(replicas, [4, 5], 3);
    const members = [away, 4, 5];
    await replicas.open(away, { peers: peers(PIDS) });
    await run(replicas, members, 3);
    expect((await replicas.at(away).propose(one('x'))).result).toBe(2);
  });
});

describe('a replica that waits to become a member', () => {
  it('waits on after a restart, and begins neither twice nor a group of its own', async () => {
    const replicas = await three();
    await replicas.open(4, { join: true });
    await replicas.at(4).stop();
    expect(await failureOf(() => replicas.open(4, { bootstrap: true }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('bootstrap must not be true'),
    });
    expect(await failureOf(() => replicas.open(4, { bootstrap: true, join: true }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await replicas.open(4);
    const leader = await replicas.leader();
    await replicas.at(leader).reconfigure(peersOf([...PIDS, 4]));
    await run(replicas, [...PIDS, 4], 2);
    await replicas.at(4).stop();
    expect(await failureOf(() => replicas.open(4, { join: true }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await replicas.open(4);
    await run(replicas, [...PIDS, 4], 2);
  });

  it('keeps what is proposed on it until it is one', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    await replicas.open(4, { join: true });
    const proposed = replicas.at(4).propose(one('x'));
    const given = failureOf(() => replicas.at(4).propose(one('y'), { timeoutMs: 20 }));
    expect(await given).toMatchObject({ code: 'NOT_DECIDED' });
    expect(await failureOf(() => replicas.at(4).reconfigure(peersOf(PIDS)))).toMatchObject({
      code: 'PENDING_RECONFIGURATION',
    });
    await replicas.at(leader).reconfigure(peersOf([...PIDS, 4]));
    expect((await proposed).result).toBe(1);
  });
});
