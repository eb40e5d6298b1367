// Which calls return only once an fsync has: counted by RocksDB itself. What is not synced survives the end of the process
// (kill.test.ts), not that of the power.

import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, RocksdbStorage, type StorageOp, WriteBatch } from '../../../lib/index.js';
import { LOG } from '../../support/storages.js';
import { temporaryDatabase } from '../../support/temporary-database.js';

type Log = RocksdbStorage<string>;
type Op = StorageOp<string, unknown>;

const ballot = { configId: 1, n: 2, priority: 3, pid: 4 };
const stopsign = { nextConfig: { configurationId: 2, nodes: [1, 2] } };

const syncedOps: Op[] = [
  { type: 'appendEntry', entry: 'd' },
  { type: 'appendEntries', entries: ['d', 'e'] },
  { type: 'appendOnPrefix', fromIdx: 1, entries: ['B'] },
  { type: 'setPromise', ballot },
  { type: 'setAcceptedRound', ballot },
  { type: 'setStopsign', stopsign },
];
const unsyncedOps: Op[] = [
  { type: 'setDecidedIdx', idx: 2 },
  { type: 'setCompactedIdx', idx: 1 },
  { type: 'trim', idx: 1 },
  { type: 'setSnapshot', snapshot: 'abc' },
];

let database: Database;
let log: Log;

beforeEach(async () => {
  database = await temporaryDatabase({ columnFamilies: [LOG] });
  log = RocksdbStorage.openIn(database, LOG);
  log.appendEntries(['a', 'b', 'c']);
  log.setDecidedIdx(3);
});

/** How many fsyncs of the WAL `action` takes. */
function syncsOf(action: () => unknown): number {
  const count = () => Number(database.property('rocksdb.dbstats/db.wal_syncs'));
  const before = count();
  action();
  return count() - before;
}

describe('fsynced before they return are', () => {
  it.each<[string, (log: Log) => unknown]>([
    ['appendEntry', (log) => log.appendEntry('d')],
    ['appendEntries', (log) => log.appendEntries(['d', 'e', 'f'])],
    ['appendOnPrefix', (log) => log.appendOnPrefix(1, ['B'])],
    ['appendOnPrefix that only removes', (log) => log.appendOnPrefix(1, [])],
    ['setPromise', (log) => log.setPromise(ballot)],
    ['setAcceptedRound', (log) => log.setAcceptedRound(ballot)],
    ['setStopsign', (log) => log.setStopsign(stopsign)],
    ['setStopsign that clears', (log) => log.setStopsign(undefined)],
  ])('%s, once', (_, call) => {
    expect(syncsOf(() => call(log))).toBe(1);
  });

  it('an append of a thousand entries, once', () => {
    expect(syncsOf(() => log.appendEntries(Array.from({ length: 1000 }, String)))).toBe(1);
  });

  it('what was written unsynced before them', () => {
    // The WAL is one file, in order: the unsynced write lies before the synced one.
    expect(syncsOf(() => log.setDecidedIdx(3))).toBe(0);
    expect(syncsOf(() => log.setPromise(ballot))).toBe(1);
  });
});

describe('not fsynced are', () => {
  it.each<[string, (log: Log) => unknown]>([
    ['setDecidedIdx', (log) => log.setDecidedIdx(2)],
    ['setCompactedIdx', (log) => log.setCompactedIdx(2)],
    ['trim', (log) => log.trim(2)],
    ['setSnapshot', (log) => log.setSnapshot('abc')],
    ['setSnapshot that clears', (log) => log.setSnapshot(undefined)],
    ['compact', (log) => log.compact(2, 'abc')],
    ['compact without a snapshot', (log) => log.compact(2)],
    ['appendEntries of nothing', (log) => log.appendEntries([])],
    ['appendOnPrefix of nothing past the tail', (log) => log.appendOnPrefix(3, [])],
    ['every read', (log) => [log.getEntries(0, 3), log.getSuffix(0), log.getPromise(), log.getSnapshot()]],
  ])('%s', (_, call) => {
    expect(syncsOf(() => call(log))).toBe(0);
  });
});

describe('writeAtomically', () => {
  it.each(syncedOps.map((op) => [op.type, op] as const))('is fsynced, once, for a single %s', (_, op) => {
    expect(syncsOf(() => log.writeAtomically([op]))).toBe(1);
  });

  it.each(unsyncedOps.map((op) => [op.type, op] as const))('is not fsynced for a single %s', (_, op) => {
    expect(syncsOf(() => log.writeAtomically([op]))).toBe(0);
  });

  it.each(syncedOps.map((op) => [op.type, op] as const))('is fsynced, once, where only one must be: %s', (_, op) => {
    expect(syncsOf(() => log.writeAtomically([...unsyncedOps, op]))).toBe(1);
    expect(syncsOf(() => log.writeAtomically([op, ...unsyncedOps]))).toBe(1);
  });

  it('is not fsynced for all that need not be', () => {
    expect(syncsOf(() => log.writeAtomically(unsyncedOps))).toBe(0);
  });

  it('is fsynced once for many that must be', () => {
    expect(syncsOf(() => log.writeAtomically([...syncedOps, ...syncedOps]))).toBe(1);
  });
});

describe('the count of fsyncs', () => {
  it('sees those of the database itself', () => {
    const batch = new WriteBatch().put(database.columnFamily('default'), Buffer.from('k'), Buffer.from('v'));
    expect(syncsOf(() => database.writeSync(batch, { sync: true }))).toBe(1);
    expect(syncsOf(() => database.writeSync(batch))).toBe(0);
  });
});
