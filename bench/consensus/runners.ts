// Three replicas in one process, with entries in memory or each with a database of its own.

import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Denque from 'denque';
import { PaxosRunner } from '../../lib/consensus/index.js';
import { rawCodec } from '../../lib/format/raw-codec.js';
import { AsyncMemStorage, AsyncRocksdbStorage, type Database } from '../../lib/index.js';
import type { Contestant, Numbers } from '../shared/contestant.js';
import { Latencies, watchingLoop } from '../shared/measure.js';
import { LOG, logIdle, openLogDatabase, ownHello, withFsyncs } from '../shared/own-database.js';
import type { Hello, Sample } from '../shared/protocol.js';
import { cycle, DIFFERENT_ENTRIES, rawEntries } from '../shared/raw-entries.js';

type Storage = AsyncMemStorage<Uint8Array> | AsyncRocksdbStorage<Uint8Array>;
type Runner = PaxosRunner<Uint8Array>;

const CLUSTER = { configurationId: 1, nodes: [1, 2, 3] };
/** For an election, or for what is under way at the end of a turn. */
const LONGEST_WAIT_MS = 10_000;

export async function openRunnersInMemory(): Promise<Contestant> {
  const hello: Hello = { version: `${ownHello.version}, replicas in memory`, durability: 'none: memory' };
  return contestantOf(
    hello,
    CLUSTER.nodes.map(() => new AsyncMemStorage({ entryCodec: rawCodec })),
    [],
    false,
  );
}

export async function openDurableRunners(folder: string, earlyRelease = false): Promise<Contestant> {
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
async function leadOf(runners: readonly Runner[]): Promise<{ leader: Runner; epoch: bigint }> {
  const end = performance.now() + LONGEST_WAIT_MS;
  while (performance.now() < end) {
    const leader = runners.find(({ leadership }) => leadership.role === 'leader');
    if (leader?.leadership.role === 'leader') {
      const { epoch } = leader.leadership;
      if (runners.every(({ leadership }) => 'epoch' in leadership && leadership.epoch === epoch))
        return { leader, epoch };
    }
    await wait(5);
  }
  throw new Error('no leader was elected');
}

/** Keeps `inFlight` proposals under way: each that the leader shows as decided is followed by the next. */
async function proposeTo(leader: Runner, { ms, batch, inFlight, entryBytes }: Numbers): Promise<Sample> {
  const next = cycle(rawEntries(DIFFERENT_ENTRIES, entryBytes));
  const signal = AbortSignal.timeout(ms + LONGEST_WAIT_MS);
  const decided = leader.decidedBatches(leader.decidedIdx, { signal });
  const latencies = new Latencies(ms);
  /** When each of those under way was proposed, in their order. */
  const begun = new Denque<number>();
  const propose = (now: number) => {
    begun.push(now);
    leader.append(next());
  };
  for (let i = batch * inFlight; i > 0; i--) propose(performance.now());
  try {
    for await (const batch of decided) {
      const now = performance.now();
      const count = 'entries' in batch ? batch.entries.length : 0;
      for (let i = 0; i < count; i++) if (latencies.add(begun.shift() as number, now)) propose(now);
      if (begun.isEmpty()) break;
    }
  } catch (error) {
    // Where the lead has moved, proposals may be lost: the sample says so.
    if (!signal.aborted) throw error;
  }
  return latencies.sample;
}
