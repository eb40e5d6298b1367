// A replica whose snapshot is damaged comes back by itself, with the state of a peer, and votes on nothing before.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Database, WriteBatch } from '../../../binding/index.js';
import { ConsensusError, type Replica, TcpTransport, type Transport } from '../../../lib/consensus/index.js';
import { IDENTITIES } from '../../../lib/replica/identity.js';
import { isNote } from '../../../lib/replica/notes.js';
import { SNAPSHOTS } from '../../../lib/replica/replica-disk.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { freePorts } from '../../support/free-ports.js';
import { stoppedAfterwards, three } from '../../support/opened-replicas.js';
import { type Add, Counters, PIDS, peersOf, ReplicasOfCounters } from '../../support/replicas-of-counters.js';
import { DAMAGES, damageSnapshot, damageSnapshotFile, damageSnapshotIn } from '../../support/snapshot-damage.js';
import { openAt } from '../../support/temporary-database.js';
import { until } from '../../support/until.js';

const { REPLICA_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;
const seed = Number(REPLICA_SEED);
const ROUNDS = 6;

const one = (key: string): Add => ({ key, add: 1 });
const others = (pid: number) => PIDS.filter((each) => each !== pid) as [number, number];
const pathOf = (replicas: ReplicasOfCounters, pid: number) => join(replicas.folder, `replica-${pid}`);
const random = new SeededRandom(seed);

/** Three, and the second stopped, with a snapshot; `count` commands are in it. */
async function stopped(replicas: ReplicasOfCounters, count = 40, filler = ''): Promise<number> {
  await replicas.leader();
  await Promise.all(Array.from({ length: count }, (_, i) => replicas.at(1).propose(one(`k${i}${filler}`))));
  await replicas.settled();
  const index = await replicas.at(2).takeSnapshot();
  await replicas.at(2).stop();
  return index;
}

function expectEqual(replicas: ReplicasOfCounters): void {
  const [first] = PIDS.map((pid) => replicas.machine(pid).applied);
  for (const pid of PIDS) expect(replicas.machine(pid).applied).toEqual(first);
}

describe('a replica whose snapshot is damaged', () => {
  it.each(DAMAGES)('takes the state of a peer: %s', async (damage) => {
    const replicas = await three();
    const index = await stopped(replicas);
    await damageSnapshot(pathOf(replicas, 2), damage, random);
    await replicas.open(2);
    await until(() => replicas.at(2).status().snapshotDamage === undefined);
    expect(replicas.machine(2).restored).toBe(1);
    expect(replicas.at(2).status().snapshotIdx).toBeGreaterThanOrEqual(index);
    await replicas.at(2).propose(one('behind'));
    await replicas.settled();
    expectEqual(replicas);
    await replicas.restart(2); // it has it for good
    expect(replicas.at(2).status()).toMatchObject({ snapshotDamage: undefined });
    await replicas.at(2).propose(one('again'));
    await replicas.settled();
    expectEqual(replicas);
  });

  it.each([1, 2, 3])('is rid of a damaged file, which RocksDB would find again: attempt %d', async () => {
    const replicas = await three();
    const index = await stopped(replicas, 300, 'x'.repeat(3000));
    await damageSnapshotFile(pathOf(replicas, 2), random);
    await replicas.open(2);
    await until(() => replicas.at(2).status().snapshotDamage === undefined);
    expect(replicas.at(2).status().snapshotIdx).toBeGreaterThanOrEqual(index);
    await replicas.at(2).stop();
    {
      await using database = await Database.open(pathOf(replicas, 2));
      await database.compactRange(database.columnFamily(SNAPSHOTS));
    }
    await replicas.open(2);
    await replicas.at(2).propose(one('behind'));
    await replicas.settled();
    expectEqual(replicas);
  });

  it('keeps a damaged file that the snapshots of another group may be in', async () => {
    const replicas = await three();
    await stopped(replicas, 300, 'x'.repeat(3000));
    await damageSnapshotFile(pathOf(replicas, 2), new SeededRandom(1)); // behind the first chunk
    {
      await using database = await Database.open(pathOf(replicas, 2));
      const family = database.columnFamily(IDENTITIES);
      const other = (await database.get(family, Buffer.from('default'))) as Buffer;
      await database.write(new WriteBatch().put(family, Buffer.from('other'), other));
    }
    await replicas.open(2);
    await replicas.at(2).propose(one('behind'));
    await replicas.settled();
    expectEqual(replicas);
    await replicas.at(2).stop();
    await using database = await Database.open(pathOf(replicas, 2), { readOnly: true });
    await expect(database.verifyChecksums()).rejects.toMatchObject({ code: 'CORRUPTION' });
  });

  it('takes it over TCP as well', async () => {
    const endpoints = (await freePorts(PIDS.length)).map((port) => `127.0.0.1:${port}`);
    const peers = PIDS.map((pid) => ({ pid, endpoint: endpoints[pid - 1] as string }));
    const transports: Transport[] = [];
    const replicas = await ReplicasOfCounters.over(async (pid) => {
      const listen = endpoints[pid - 1] as string;
      const transport = new TcpTransport({ listen, electionTimeoutMs: 1000, log: () => {} });
      transports.push(transport);
      return transport;
    });
    stoppedAfterwards(replicas);
    try {
      for (const pid of PIDS) {
        await replicas.listen(pid);
        await replicas.open(pid, { peers, electionTicks: 50, keepEntries: 0, bootstrap: true });
      }
      await stopped(replicas, 300, 'x'.repeat(3000));
      await damageSnapshot(pathOf(replicas, 2), 'a missing chunk', random);
      await replicas.open(2, { peers, electionTicks: 50, keepEntries: 0 });
      await replicas.at(2).propose(one('behind'));
      await replicas.settled();
      expect(replicas.machine(2).restored).toBe(1);
      expectEqual(replicas);
      await replicas.stop();
    } finally {
      await Promise.all(transports.map((transport) => transport.close()));
    }
  }, 60_000);

  it('goes on in the configuration that has begun meanwhile', async () => {
    const replicas = await three();
    await stopped(replicas);
    await damageSnapshot(pathOf(replicas, 2), 'a missing chunk', random);
    await replicas.at(1).reconfigure(peersOf(PIDS));
    await replicas.open(2);
    await until(() => replicas.at(2).status().configurationId === 2);
    await replicas.at(2).propose(one('behind'));
    expect(replicas.at(2).status().snapshotDamage).toBeUndefined();
    await replicas.settled();
    expectEqual(replicas);
  }, 60_000);

  it('ends where it is no member any more', async () => {
    const replicas = await three();
    await stopped(replicas);
    await damageSnapshot(pathOf(replicas, 2), 'a missing manifest', random);
    await replicas.open(4, { join: true });
    await replicas.at(1).reconfigure(peersOf([1, 3, 4]));
    const replica = await replicas.open(2);
    expect(await replica.stopped).toMatchObject({ code: 'RECONFIGURED' });
  }, 60_000);

  it('waits for a peer, says so, and ends at once when it is stopped', async () => {
    const replicas = await three();
    await stopped(replicas);
    await Promise.all(others(2).map((pid) => replicas.at(pid).stop()));
    await damageSnapshot(pathOf(replicas, 2), 'a missing chunk', random);
    const replica = await replicas.open(2);
    const { configurationId, leadership, snapshotDamage } = replica.status();
    expect({ configurationId, leadership }).toEqual({ configurationId: 1, leadership: { role: 'unknown' } });
    expect(snapshotDamage).toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('it is missing') });
    const outcome = replica.propose(one('mine')).catch(({ code }) => code);
    const read = replica.barrier().catch(({ code }) => code);
    await expect(replica.propose(one('short'), { timeoutMs: 20 })).rejects.toThrow(ConsensusError);
    await replica.stop();
    expect(await Promise.all([outcome, read])).not.toContain(undefined);
    await replicas.open(2);
    await Promise.all(others(2).map((pid) => replicas.open(pid)));
    await replicas.at(2).propose(one('behind'));
    await replicas.settled();
    expectEqual(replicas);
  });

  it('votes on nothing before it has the state', async () => {
    const replicas = await three();
    await stopped(replicas);
    const [first, second] = others(2);
    await damageSnapshot(pathOf(replicas, 2), 'a bit of a chunk', random);
    await replicas.at(second).stop();
    // With its vote the peer would have a majority. It has no state to give.
    const machine = replicas.machine(first);
    machine.snapshot = () => {
      throw new Error('not now');
    };
    const { decidedIdx } = replicas.at(first).status();
    await replicas.open(2);
    const proposed = replicas.at(first).propose(one('undecided'), { timeoutMs: 1500 });
    await expect(proposed).rejects.toBeInstanceOf(ConsensusError);
    expect(replicas.at(first).status().decidedIdx).toBe(decidedIdx);
    expect(replicas.at(2).status().snapshotDamage).toBeInstanceOf(ConsensusError);
    machine.snapshot = Counters.prototype.snapshot;
    await replicas.at(first).propose(one('decided'));
    await replicas.open(second);
    await replicas.settled();
    expectEqual(replicas);
  });

  it('is given none that ends before its own log begins: the peers take another', async () => {
    const replicas = await three();
    await replicas.leader();
    await replicas.at(1).propose(one('first'));
    await replicas.settled();
    const early = await Promise.all(others(2).map((pid) => replicas.at(pid).takeSnapshot()));
    const index = await stopped(replicas);
    await damageSnapshot(pathOf(replicas, 2), 'a bit of a chunk', random);
    expect(Math.max(...early)).toBeLessThan(index);
    await replicas.open(2);
    await replicas.at(2).propose(one('behind'));
    expect(replicas.at(2).status().snapshotIdx).toBeGreaterThanOrEqual(index);
    await replicas.settled();
    expectEqual(replicas);
  });
});

describe('a replica that runs, and whose snapshot is found to be damaged when a peer is given it', () => {
  it.each(DAMAGES)('takes another, which the peer gets: %s', async (damage) => {
    const replicas = await three();
    const index = await stopped(replicas);
    const [first, second] = others(2);
    await Promise.all([first, second].map((pid) => replicas.at(pid).stop()));
    await damageSnapshot(pathOf(replicas, 2), 'a missing chunk', random);
    const database = await openAt(pathOf(replicas, first));
    await replicas.open(first, { path: database });
    await until(() => replicas.at(first).status().appliedIdx >= index);
    await replicas.at(first).takeSnapshot();
    await damageSnapshotIn(database, damage, random);
    await replicas.open(2);
    await replicas.at(first).propose(one('behind'));
    expect(replicas.at(2).status()).toMatchObject({ snapshotDamage: undefined });
    expect(replicas.at(2).status().snapshotIdx).toBeGreaterThanOrEqual(index);
    expect(replicas.at(first).status()).toMatchObject({ snapshotDamage: undefined, snapshotFailure: undefined });
    await replicas.open(second);
    await replicas.settled();
    expectEqual(replicas);
  });
});

describe('three replicas under load, whose snapshots are damaged again and again', () => {
  it(`come back by themselves with all that was acknowledged, applied once, with seed ${seed}`, async () => {
    const replicas = await three({ snapshotEveryEntries: 60, keepEntries: random.within(0, 80) });
    await replicas.leader();
    const outcomes = new Map<string, Promise<boolean>>();
    let failure: Error | undefined;
    const watch = ({ stopped }: Replica<Add, number>) => {
      stopped.then((error) => {
        failure ??= error;
      });
    };
    const untilOrFailure = (holds: () => boolean) =>
      until(() => {
        expect(failure).toBeUndefined();
        return holds();
      });
    const propose = (pid: number) => {
      const key = `proposal ${outcomes.size}`;
      const proposed = replicas.at(pid).propose(one(key), { timeoutMs: 20_000 });
      outcomes.set(
        key,
        proposed.then(
          ({ result }) => result === 1,
          () => false,
        ),
      );
    };
    const load = (pids: readonly number[]) => {
      for (let i = random.within(1, 80); i > 0; i--) propose(random.oneOf(pids));
    };
    for (let round = 0; round < ROUNDS; round++) {
      const pid = random.oneOf(PIDS);
      load(PIDS);
      await untilOrFailure(() => replicas.at(pid).status().appliedIdx > 0);
      if (replicas.at(pid).status().snapshotIdx === 0) await replicas.at(pid).takeSnapshot();
      load(PIDS);
      await sleep(random.within(0, 50));
      await replicas.at(pid).stop();
      await damageSnapshot(pathOf(replicas, pid), random.oneOf(DAMAGES), random);
      load(others(pid));
      // Not waited for: who has given a state keeps it for a while, where the other has not told that it goes on from it.
      if (random.chance(50)) {
        replicas
          .at(random.oneOf(others(pid)))
          .takeSnapshot()
          .catch(() => {});
      }
      const voice = listeningTo(replicas.transport);
      watch(await replicas.open(pid, { transport: voice.transport }));
      load(PIDS);
      await untilOrFailure(() => {
        const isWaiting = replicas.at(pid).status().snapshotDamage !== undefined;
        if (isWaiting) expect(voice.votes).toBe(0);
        return !isWaiting;
      });
      if (!random.chance(50)) continue;
      await replicas.restart(pid);
      watch(replicas.at(pid));
    }
    for (const [key, outcome] of outcomes) {
      if (!(await outcome)) continue;
      const isThere = (pid: number) => replicas.machine(pid).values.has(key);
      await untilOrFailure(() => PIDS.every(isThere));
    }
    await Promise.all(PIDS.map((pid) => replicas.at(pid).barrier()));
    await replicas.settled();
    expectEqual(replicas);
    expect([...replicas.machine(1).values.values()].filter((times) => times !== 1)).toEqual([]);
    expect((await Promise.all(outcomes.values())).filter(Boolean).length).toBeGreaterThan(0);
  }, 120_000);
});

/** The same transport, and how many messages of the engine a replica has sent over it. */
function listeningTo(transport: Transport): { transport: Transport; readonly votes: number } {
  let votes = 0;
  const join: Transport['join'] = async (membership) => {
    const link = await transport.join(membership);
    return {
      ...link,
      send: (to, message) => {
        if (!isNote(message)) votes++;
        return link.send(to, message);
      },
    };
  };
  return {
    transport: { join, close: () => transport.close() },
    get votes() {
      return votes;
    },
  };
}
