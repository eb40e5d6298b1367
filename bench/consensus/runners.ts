// Three replicas in one process, with entries in memory or each with a database of its own.

import { join } from 'node:path';
import { PaxosRunner } from '../../lib/consensus/index.js';
import { rawCodec } from '../../lib/format/raw-codec.js';
import { AsyncMemStorage, AsyncRocksdbStorage, type Database } from '../../lib/index.js';
import type { Contestant, Numbers } from '../shared/contestant.js';
import { watchingLoop } from '../shared/measure.js';
import { fillWals, LOG, logIdle, openLogDatabase, ownHello, withFsyncs } from '../shared/own-database.js';
import type { Hello, Sample } from '../shared/protocol.js';
import { proposeTo, waitUntil } from './proposing.js';

type Storage = AsyncMemStorage<Uint8Array> | AsyncRocksdbStorage<Uint8Array>;
type Runner = PaxosRunner<Uint8Array>;

const CLUSTER = { configurationId: 1, nodes: [1, 2, 3] };

export async function openRunnersInMemory(): Promise<Contestant> {
  const hello: Hello = { version: `${ownHello.version}, replicas in memory`, durability: 'none: memory' };
  return contestantOf(
    hello,
    CLUSTER.nodes.map(() => new AsyncMemStorage({ entryCodec: rawCodec })),
    [],
    true,
  );
}

export async function openDurableRunners(folder: string, earlyRelease = true): Promise<Contestant> {
  // The first is where the runner of the benchmark looks for WALs that come round again.
  const databases = await Promise.all(['db', 'db-2', 'db-3'].map((name) => openLogDatabase(join(folder, name))));
  const storages = databases.map((db) => AsyncRocksdbStorage.openIn<Uint8Array>(db, LOG, { entryCodec: rawCodec }));
  const hello: Hello = { version: `${ownHello.version}, replicas on disk`, durability: 'every entry, on each replica' };
  return contestantOf(hello, await Promise.all(storages), databases, earlyRelease);
}

async function contestantOf(
  hello: Hello,
  storages: readonly Storage[],
  databases: readonly Database[],
  earlyRelease: boolean,
): Promise<Contestant> {
  /** They live for one turn: between turns they would tick, and take time from the others. */
  const append = async (numbers: Numbers): Promise<Sample> => {
    const runners = await startAll(storages, earlyRelease);
    try {
      const { leader, epoch } = await leadOf(runners);
      const measure = () => proposeTo(leader, numbers);
      const [db] = databases;
      const sample = db === undefined ? await measure() : await withFsyncs(db, measure);
      const after = await leadOf(runners);
      return { ...sample, leaderChanges: after.epoch === epoch ? 0 : 1 };
    } finally {
      await Promise.all(runners.map((runner) => runner.stop()));
    }
  };
  return {
    ...hello,
    works: { append, 'append-watching-loop': (numbers) => watchingLoop(() => append(numbers)) },
    async settle() {
      // Past the lowest, that replica could never catch up.
      const decided = await Promise.all(storages.map((storage) => storage.getDecidedIdx()));
      await Promise.all(storages.map((storage) => storage.compact(Math.min(...decided))));
      await Promise.all(databases.map((db) => logIdle(db)));
    },
    async fill() {
      await Promise.all(databases.map((db) => fillWals(db)));
    },
    async close() {
      await Promise.all(storages.map((storage) => storage.close()));
      await Promise.all(databases.map((db) => db.close()));
    },
  };
}

async function startAll(storages: readonly Storage[], earlyRelease: boolean): Promise<Runner[]> {
  const opened = storages.map(async (storage, i) =>
    PaxosRunner.open<Uint8Array>({
      cluster: CLUSTER,
      server: { pid: CLUSTER.nodes[i] as number },
      storage,
      bootstrap: (await storage.getPromise()) === undefined,
      entryCodec: rawCodec,
      earlyRelease,
    }),
  );
  const runners = await Promise.all(opened);
  for (const [i, runner] of runners.entries()) {
    const from = CLUSTER.nodes[i] as number;
    runner.start({ send: (to, message) => (runners[to - 1] as Runner).handleIncoming(from, message) });
  }
  return runners;
}

/** Who leads, once all have heard of it. */
function leadOf(runners: readonly Runner[]): Promise<{ leader: Runner; epoch: bigint }> {
  return waitUntil(() => {
    const leader = runners.find(({ leadership }) => leadership.role === 'leader');
    if (leader?.leadership.role !== 'leader') return undefined;
    const { epoch } = leader.leadership;
    const isKnown = runners.every(({ leadership }) => 'epoch' in leadership && leadership.epoch === epoch);
    return isKnown ? { leader, epoch } : undefined;
  }, 'no leader was elected');
}
