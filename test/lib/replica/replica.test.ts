// Replicas of a state machine: what a proposal comes to, reads, snapshots, the lead, who a replica is, and how it ends.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type LeadershipState, Replica } from '../../../lib/consensus/index.js';
import { Database } from '../../../lib/index.js';
import { MemTransport } from '../../../lib/testing/index.js';
import { failureOf } from '../../support/failures.js';
import { type Add, Counters, PIDS, ReplicasOfCounters } from '../../support/replicas-of-counters.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
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
const names = (count: number, prefix = 'k') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const others = (leader: number) => PIDS.filter((pid) => pid !== leader) as [number, number];

describe('propose', () => {
  it('gives the index and what apply gave, on whichever replica, before a leader is known too', async () => {
    const replicas = await three();
    const results = await Promise.all(PIDS.map((pid) => replicas.at(pid).propose({ key: 'x', add: pid })));
    // A proposal that is sent again, as the leader moves, is in the log twice, and applied once.
    expect(new Set(results.map(({ index }) => index)).size).toBe(PIDS.length);
    expect(Math.max(...results.map(({ result }) => result))).toBe(6);
    await replicas.settled();
    for (const pid of PIDS) {
      expect(replicas.machine(pid).values).toEqual(new Map([['x', 6]]));
      expect(replicas.machine(pid).applied).toEqual(replicas.machine(1).applied);
    }
  });

  it('survives the loss of the leader: what was under way is applied once, by whoever leads then', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [follower, other] = others(leader);
    replicas.transport.partition.isolate(leader);
    const proposed = names(50).map((key) => replicas.at(follower).propose(one(key)));
    await replicas.leader([follower, other]);
    await Promise.all(proposed);
    replicas.transport.partition.heal();
    await replicas.settled();
    for (const pid of PIDS) expect([...replicas.machine(pid).values.values()]).toEqual(Array(50).fill(1));
  });

  it('waits for room, and says which of those given up may be decided yet', async () => {
    const replicas = await three({ maxInFlightBytes: 100 });
    const leader = await replicas.leader();
    replicas.transport.partition.isolate(leader);
    const replica = replicas.at(leader);
    const abort = new AbortController();
    const first = failureOf(() => replica.propose(one('a'.repeat(60)), { timeoutMs: 50 }));
    const second = failureOf(() => replica.propose(one('b'.repeat(60)), { signal: abort.signal }));
    const third = replica.propose(one('c'));
    expect(replica.status().inFlight.proposals).toBe(1);
    abort.abort();
    expect(await second).toMatchObject({
      code: 'NOT_DECIDED',
      message: expect.stringContaining('before there was room'),
    });
    expect(await first).toMatchObject({ code: 'OUTCOME_UNKNOWN', message: expect.stringContaining('50 ms were over') });
    replicas.transport.partition.heal();
    expect((await third).result).toBe(1);
    await replicas.settled();
    expect(replicas.machine(leader).values.has('b'.repeat(60))).toBe(false);
    expect(await failureOf(() => replica.propose(one('d'), { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'NOT_DECIDED',
    });
  });

  it('that never got as far as a leader certainly has not happened', async () => {
    const replicas = await three();
    await replicas.leader();
    for (const pid of [1, 2]) await replicas.at(pid).stop();
    await until(() => replicas.at(3).leadership.role === 'unknown');
    const abort = new AbortController();
    const given = failureOf(() => replicas.at(3).propose(one('x'), { signal: abort.signal }));
    abort.abort();
    expect(await given).toMatchObject({ code: 'NOT_DECIDED', message: expect.stringContaining('a leader was known') });
    const stopped = failureOf(() => replicas.at(3).propose(one('x')));
    await replicas.at(3).stop();
    expect(await stopped).toMatchObject({ code: 'STOPPED' });
  });

  it('refuses what is no command and no option, and loses nothing by it', async () => {
    const replicas = await three();
    const replica = replicas.at(1);
    const invalid = { code: 'INVALID_ARGUMENT' };
    expect(await failureOf(() => replica.propose(undefined as never))).toMatchObject(invalid);
    expect(await failureOf(() => replica.propose((() => {}) as never))).toMatchObject(invalid);
    expect(await failureOf(() => replica.propose(one('x'), { timeout: 1 } as never))).toMatchObject(invalid);
    expect(await failureOf(() => replica.propose(one('x'), { timeoutMs: -1 }))).toMatchObject(invalid);
    expect(await failureOf(() => replica.barrier({ signal: 1 as never }))).toMatchObject(invalid);
    const codec = { encode: () => new Uint8Array(2 ** 31 - 2 ** 16 - 1), decode: () => one('x') };
    const path = temporaryFolder();
    const peers = PIDS.map((pid) => ({ pid, endpoint: 'x' }));
    const given = { path, pid: 1, peers, stateMachine: new Counters(), transport: new MemTransport(), bootstrap: true };
    const other = await Replica.open<Add, number>({ ...given, commandCodec: codec as never });
    opened.push(other);
    expect(await failureOf(() => other.propose(one('x')))).toMatchObject({
      ...invalid,
      message: expect.stringContaining('command has 2147418111 bytes'),
    });
    expect((await replica.propose(one('x'))).result).toBe(1);
  });

  it('ends with the replica: unknown where it was under way, refused later', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    replicas.transport.partition.isolate(leader);
    const proposed = failureOf(() => replicas.at(leader).propose(one('x')));
    await replicas.at(leader).stop();
    expect(await proposed).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await failureOf(() => replicas.at(leader).propose(one('y')))).toMatchObject({ code: 'STOPPED' });
    expect(await failureOf(() => replicas.at(leader).barrier())).toMatchObject({ code: 'STOPPED' });
    expect(await failureOf(() => replicas.at(leader).takeSnapshot())).toMatchObject({ code: 'STOPPED' });
    expect(await replicas.at(leader).stopped).toBeUndefined();
  });
});

describe('barrier', () => {
  it('lets a replica read what was decided anywhere before it', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [follower] = others(leader);
    for (const key of names(20)) {
      const { index } = await replicas.at(leader).propose(one(key));
      const at = await replicas.at(follower).barrier();
      expect(at).toBeGreaterThan(index);
      expect(replicas.machine(follower).values.get(key)).toBe(1);
    }
  });

  it('is one proposal for all that are asked for together', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    await replicas.at(leader).propose(one('x'));
    const indices = await Promise.all(Array.from({ length: 100 }, () => replicas.at(leader).barrier()));
    expect(new Set(indices)).toEqual(new Set([2]));
  });

  it('can be given up, without one more proposal for each who waits', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    replicas.transport.partition.isolate(leader);
    const replica = replicas.at(leader);
    for (let i = 0; i < 20; i++) {
      expect(await failureOf(() => replica.barrier({ timeoutMs: 5 }))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    }
    expect(await failureOf(() => replica.barrier({ signal: AbortSignal.abort() }))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect(replica.status().inFlight.proposals).toBe(1);
    replicas.transport.partition.heal();
    await replica.barrier();
  });
});

describe('a snapshot', () => {
  it('is taken behind so many entries, and a replica starts from it', async () => {
    const replicas = await three({ snapshotEveryEntries: 50, keepEntries: 10 });
    const leader = await replicas.leader();
    await Promise.all(names(400).map((key) => replicas.at(leader).propose(one(key))));
    await replicas.settled();
    await until(() =>
      replicas
        .at(leader)
        .status()
        .peers.every(({ lag }) => lag === 0),
    );
    await Promise.all(names(60, 'more').map((key) => replicas.at(leader).propose(one(key))));
    await until(() => replicas.at(leader).status().compactedIdx > 0);
    const before = new Map(replicas.machine(leader).values);
    await replicas.restart(leader);
    expect(replicas.machine(leader).restored).toBe(1);
    const { snapshotIdx, compactedIdx, snapshotFailure } = replicas.at(leader).status();
    expect(snapshotFailure).toBeUndefined();
    expect(compactedIdx).toBe(snapshotIdx - 10);
    // Where the lead moves meanwhile, proposals are decided again, and the others may be so far that it gets their state.
    await replicas.leader();
    await replicas.at(leader).barrier();
    expect(replicas.machine(leader).values).toEqual(before);
  });

  it('that fails is told, and is no end', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    await replicas.at(leader).propose(one('x'));
    const machine = replicas.machine(leader);
    machine.snapshot = () => {
      throw new Error('not now');
    };
    expect(await failureOf(() => replicas.at(leader).takeSnapshot())).toMatchObject({ message: 'not now' });
    expect(replicas.at(leader).status().snapshotFailure).toMatchObject({ message: 'not now' });
    machine.snapshot = Counters.prototype.snapshot;
    const both = await Promise.all([replicas.at(leader).takeSnapshot(), replicas.at(leader).takeSnapshot()]);
    expect(both).toEqual([1, 1]);
    expect(replicas.at(leader).status().snapshotFailure).toBeUndefined();
  });
});

describe('a state machine that throws', () => {
  it('ends every replica with the index, also when it is opened again', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    await replicas.at(leader).propose(one('x'));
    await replicas.settled();
    const [proposer] = others(leader); // it hears of the decision from a leader that ends by it
    const proposed = failureOf(() => replicas.at(proposer).propose(one('broken')));
    const failure = { code: 'STATE_MACHINE_FAILED', message: expect.stringContaining('entry 1 cannot be applied') };
    for (const pid of PIDS) expect(await replicas.at(pid).stopped).toMatchObject(failure);
    expect(await proposed).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await failureOf(() => replicas.at(proposer).propose(one('y')))).toMatchObject(failure);
    await replicas.open(proposer);
    expect(await replicas.at(proposer).stopped).toMatchObject(failure);
  });
});

describe('transferLeadership', () => {
  it('has another lead, and what is under way goes on', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [next] = others(leader);
    const proposed = names(200).map((key) => replicas.at(leader).propose(one(key)));
    await replicas.at(leader).transferLeadership(next);
    expect(replicas.at(leader).leadership).toMatchObject({ role: 'follower', leader: next });
    await Promise.all(proposed);
    await replicas.at(leader).transferLeadership(leader);
    await replicas.at(leader).transferLeadership(leader);
    expect(await replicas.leader()).toBe(leader);
    await replicas.settled();
    expect([...replicas.machine(next).values.values()]).toEqual(Array(200).fill(1));
  });

  it('refuses who is no replica, and who is not there', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const invalid = { code: 'INVALID_ARGUMENT' };
    expect(await failureOf(() => replicas.at(leader).transferLeadership(7))).toMatchObject(invalid);
    const [away] = others(leader);
    await replicas.at(away).stop();
    expect(await failureOf(() => replicas.at(leader).transferLeadership(away))).toMatchObject(invalid);
  });
});

describe('a replica', () => {
  it('is one log on one disk: none, one too many, another pid and a copy are refused', async () => {
    const replicas = await three();
    await replicas.leader();
    const path = join(replicas.folder, 'replica-1');
    await replicas.at(1).stop();
    const bootstrap = failureOf(() => replicas.open(1, { bootstrap: true }));
    expect(await bootstrap).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('bootstrap') });
    const lost = failureOf(() => replicas.open(1, { path: temporaryFolder() }));
    expect(await lost).toMatchObject({ code: 'LOST_DISK', message: expect.stringContaining('replace it') });
    await replicas.at(2).stop();
    const other = failureOf(() => replicas.open(2, { path }));
    expect(await other).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('pid must be 1') });
    await replicas.open(1);
    await replicas.open(2);
    await replicas.leader();
  });

  it('that comes back with another disk is not taken for the one before', async () => {
    const replicas = await three();
    await replicas.leader();
    await replicas.at(1).propose(one('x'));
    await replicas.settled();
    await replicas.at(3).stop();
    const copy = join(replicas.folder, 'replica-3-again');
    await replicas.open(3, { path: copy, bootstrap: true });
    await replicas.at(1).propose(one('y'));
    expect(
      replicas
        .at(1)
        .status()
        .peers.find(({ pid }) => pid === 3),
    ).toMatchObject({ connected: false });
    expect(replicas.at(3).status()).toMatchObject({
      appliedIdx: 0,
      peers: [{ connected: false }, { connected: false }],
    });
  });

  it('goes on from a copy of its disk, made while it was stopped', async () => {
    const replicas = await three();
    await replicas.at(1).propose(one('x'));
    await replicas.settled();
    await replicas.at(3).stop();
    const copy = join(replicas.folder, 'moved');
    cpSync(join(replicas.folder, 'replica-3'), copy, { recursive: true });
    await replicas.open(3, { path: copy });
    await replicas.at(3).propose(one('x'));
    expect(replicas.machine(3).values.get('x')).toBe(2);
  });

  it('tells where it stands', async () => {
    const replicas = await three();
    await replicas.at(1).propose(one('x'));
    await replicas.settled();
    await until(() =>
      PIDS.every((pid) =>
        replicas
          .at(pid)
          .status()
          .peers.every(({ lag }) => lag === 0),
      ),
    );
    const leader = await replicas.leader();
    const state = replicas.at(leader).leadership as LeadershipState & { epoch: bigint };
    expect(replicas.at(leader).status()).toEqual({
      pid: leader,
      configurationId: 1,
      metadata: undefined,
      replicaId: expect.stringMatching(/^[0-9a-f]{16}$/),
      leadership: { role: 'leader', epoch: state.epoch },
      decidedIdx: 1,
      appliedIdx: 1,
      compactedIdx: 0,
      snapshotIdx: 0,
      snapshotFailure: undefined,
      refusedMessages: 0,
      inFlight: { proposals: 0, bytes: 0 },
      peers: others(leader).map((pid) => ({ pid, connected: true, lag: 0, transfer: false })),
    });
  });

  it.each<[object, string]>([
    [{ pid: 4 }, 'server.pid'],
    [{ peers: [{ pid: 1, endpoint: 'x' }] }, 'peers.nodes'],
    [{ peers: 1 }, 'peers'],
    [{ group: 'a/b' }, 'group'],
    [{ path: 7 }, 'path'],
    [{ stateMachine: { apply() {} } }, 'snapshot'],
    [{ transport: {} }, 'join'],
    [{ keepEntries: -1 }, 'keepEntries'],
    [{ snapshotEvery: 1 }, 'no other name'],
  ])('refuses %o', async (given, word) => {
    const peers = PIDS.map((pid) => ({ pid, endpoint: 'x' }));
    const options = {
      path: temporaryFolder(),
      pid: 1,
      peers,
      stateMachine: new Counters(),
      transport: new MemTransport(),
    };
    const error = await failureOf(() => Replica.open({ ...options, ...given } as never));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(word) });
  });

  it('shares a database and a transport with those of other groups', async () => {
    const folder = temporaryFolder();
    const transport = new MemTransport();
    const databases = await Promise.all(PIDS.map((pid) => Database.open(join(folder, `${pid}`))));
    const groups = ['blue', 'green'];
    const replicas = await Promise.all(
      groups.flatMap((group) =>
        PIDS.map((pid) => {
          const peers = PIDS.map((each) => ({ pid: each, endpoint: 'x' }));
          const [path, stateMachine] = [databases[pid - 1] as Database, new Counters()];
          return Replica.open<Add, number>({ path, pid, peers, group, stateMachine, transport, bootstrap: true });
        }),
      ),
    );
    const results = await Promise.all(replicas.map((replica) => replica.propose(one('x'))));
    expect(results.map(({ result }) => result).sort()).toEqual([1, 1, 2, 2, 3, 3]);
    await Promise.all(replicas.map((replica) => replica.stop()));
    expect(databases[0]?.columnFamilies).toEqual(expect.arrayContaining(['log.blue.1', 'log.green.1']));
    await Promise.all(databases.map((database) => database.close()));
  });
});
