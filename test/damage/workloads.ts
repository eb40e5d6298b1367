// What is done to a database before it is damaged: a workload for each shape of its files.

import { type Database, SnapshotStore, type StorageOp, WriteBatch } from '../../lib/index.js';
import { AsyncRocksdbStorage, RocksdbStorage } from '../../lib/log/index.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { type Layout, SNAPSHOT_CHUNK_BYTES } from './observe.js';

/** What a workload is given to work with. */
export interface Workshop {
  readonly random: SeededRandom;
  readonly db: Database;
  /** Closes the database and opens it again. */
  reopen(): Promise<void>;
  /** Keeps a copy of every file as it is, to be put back as a stale one. */
  keepCopies(): void;
}

export interface Workload {
  /** The column families that are there at its end. */
  layout: Layout;
  /** Ends with a synced write, by which all before it is durable. Leaves no storage open. */
  run(workshop: Workshop): Promise<void>;
}

const SMALL_ENTRY_BYTES = 200;
const LARGE_ENTRY_BYTES = 2000;

/** Text of a random length, no two alike. */
function text(random: SeededRandom, maxBytes: number): string {
  const start = `${random.within(0, 2 ** 31)} `;
  return start.padEnd(random.within(start.length, maxBytes), start);
}

function texts(random: SeededRandom, count: number, maxBytes = SMALL_ENTRY_BYTES): string[] {
  return Array.from({ length: count }, () => text(random, maxBytes));
}

const ballot = (n: number) => ({ configId: 1, n, priority: 0, pid: 3 });

function withLog<R>(db: Database, name: string, use: (log: RocksdbStorage<string>) => R): R {
  using log = RocksdbStorage.openIn<string>(db, name);
  return use(log);
}

/** Rounds of a replica's life: a promise, the round accepted, entries, the decided index. */
function replicate({ db, random }: Workshop, name: string, rounds: number, entryBytes = SMALL_ENTRY_BYTES): void {
  withLog(db, name, (log) => {
    const before = log.getPromise()?.n ?? 0;
    for (let round = before + 1; round <= before + rounds; round++) {
      log.setPromise(ballot(round));
      log.setAcceptedRound(ballot(round));
      for (let i = random.within(1, 6); i > 0; i--) log.appendEntries(texts(random, random.within(1, 4), entryBytes));
      const { next } = log.getBounds();
      if (random.chance(20)) log.appendOnPrefix(next - 1, texts(random, 2, entryBytes));
      log.setDecidedIdx(random.within(log.getDecidedIdx(), next));
    }
    log.setPromise(ballot(before + rounds + 1));
  });
}

function compact(db: Database, name: string): void {
  withLog(db, name, (log) => log.compact(log.getDecidedIdx(), 'x'.repeat(300)));
}

async function useSnapshots({ db, random }: Workshop): Promise<void> {
  const store = await SnapshotStore.openWithChunksOf(SNAPSHOT_CHUNK_BYTES, db, 'snapshots');
  const bytes = () => Buffer.from(text(random, 5 * SNAPSHOT_CHUNK_BYTES));
  const log = RocksdbStorage.openIn<string>(db, 'log');
  await store.put(`plain ${random.within(0, 2)}`, random.within(0, 100), bytes());
  await store.compactTo(log, `of the log ${random.within(0, 2)}`, log.getDecidedIdx(), bytes(), { keepEntries: 3 });
  if (random.chance(50)) await store.delete('plain 0');
  if (random.chance(30)) await store.prune({ keep: 2 });
  log.close();
}

async function appendTogether({ db, random }: Workshop, names: readonly string[], each: number): Promise<void> {
  const logs = await Promise.all(names.map((name) => AsyncRocksdbStorage.openIn<string>(db, name)));
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < each; i++) {
    const log = random.oneOf(logs);
    calls.push(random.chance(80) ? log.appendEntry(text(random, SMALL_ENTRY_BYTES)) : log.setDecidedIdx(i));
    if (random.chance(5)) await calls.at(-1);
  }
  calls.push(...logs.map((log, i) => log.setPromise(ballot(i + 7))));
  await Promise.all(calls);
  await Promise.all(logs.map((log) => log.close()));
}

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  'one log': {
    layout: { log: 'log' },
    async run(workshop) {
      replicate(workshop, 'log', 6);
      workshop.keepCopies();
      compact(workshop.db, 'log');
      replicate(workshop, 'log', 6);
      withLog(workshop.db, 'log', (log) =>
        log.setStopsign({ nextConfig: { configurationId: 2, nodes: [1, 2, 3] }, metadata: Buffer.from('next') }),
      );
    },
  },
  'several logs': {
    layout: { 'log 1': 'log', 'log 2': 'log', 'log 3': 'log', rows: 'rows' },
    async run(workshop) {
      const { db, random } = workshop;
      const rows = db.columnFamily('rows');
      for (let i = 0; i < 12; i++) {
        const name = `log ${random.within(1, 3)}`;
        replicate(workshop, name, 1);
        const alongside = new WriteBatch().put(rows, Buffer.from(`${i}`), Buffer.from(text(random, 100)));
        const ops: StorageOp<string, unknown>[] = [{ type: 'appendEntry', entry: text(random, 100) }];
        withLog(db, name, (log) => log.writeAtomically(ops, { alongside }));
        if (i === 5) workshop.keepCopies();
      }
    },
  },
  'appended together': {
    layout: { 'log 1': 'log', 'log 2': 'log' },
    async run(workshop) {
      await appendTogether(workshop, ['log 1', 'log 2'], 60);
      workshop.keepCopies();
      await appendTogether(workshop, ['log 1', 'log 2'], 60);
    },
  },
  // The idle log's records keep each WAL that the busy one's memtables have left; those before are used again.
  'several WALs': {
    layout: { idle: 'log', busy: 'log' },
    async run(workshop) {
      for (let i = 0; i < 3; i++) {
        replicate(workshop, 'busy', 3, LARGE_ENTRY_BYTES);
        replicate(workshop, 'idle', 1);
        await workshop.db.flush();
      }
      workshop.keepCopies();
      for (let i = 0; i < 4; i++) {
        replicate(workshop, 'idle', 1);
        replicate(workshop, 'busy', 8, LARGE_ENTRY_BYTES);
        if (i === 2) workshop.keepCopies();
      }
      replicate(workshop, 'idle', 1);
    },
  },
  flushed: {
    layout: { log: 'log', rows: 'rows' },
    async run(workshop) {
      const { db, random } = workshop;
      const rows = db.columnFamily('rows');
      for (let i = 0; i < 5; i++) {
        replicate(workshop, 'log', 4);
        const batch = new WriteBatch();
        for (let j = 0; j < 40; j++)
          batch.put(rows, Buffer.from(`${random.within(0, 200)}`), Buffer.from(text(random, 300)));
        await db.write(batch, { sync: true });
        await db.flush();
        if (i === 2) {
          workshop.keepCopies();
          compact(db, 'log');
          await db.compactRange(db.columnFamily('log'));
          await db.compactRange(rows);
        }
      }
      replicate(workshop, 'log', 2);
    },
  },
  snapshots: {
    layout: { log: 'log', snapshots: 'snapshots' },
    async run(workshop) {
      for (let i = 0; i < 6; i++) {
        replicate(workshop, 'log', 3);
        await useSnapshots(workshop);
        if (i === 2) await workshop.db.flush();
        if (i === 3) workshop.keepCopies();
      }
      replicate(workshop, 'log', 1);
    },
  },
  'families made and dropped': {
    layout: { a: 'log', c: 'log', e: 'log', f: 'log' },
    async run(workshop) {
      const { db } = workshop;
      for (const name of ['b', 'c', 'd', 'e']) {
        await db.createColumnFamily(name);
        replicate(workshop, name, 2);
      }
      replicate(workshop, 'a', 2);
      workshop.keepCopies();
      await db.dropColumnFamily('b');
      replicate(workshop, 'c', 1);
      await db.createColumnFamily('f');
      replicate(workshop, 'f', 2);
      await db.dropColumnFamily('d');
      replicate(workshop, 'a', 1);
    },
  },
  reopened: {
    layout: { log: 'log', snapshots: 'snapshots' },
    async run(workshop) {
      for (let i = 0; i < 3; i++) {
        replicate(workshop, 'log', 2);
        await useSnapshots(workshop);
        if (i === 1) workshop.keepCopies();
        await workshop.reopen();
      }
      replicate(workshop, 'log', 2);
    },
  },
};
