import { describe, expect, it } from '@jest/globals';
import { measureOperation } from '../../bench/fsync/contestants/operations.js';
import { reverseSyncing } from '../../bench/fsync/contestants/reverse-syncing.js';
import { operationOf } from '../../bench/fsync/points.js';
import { OPERATIONS } from '../../bench/shared/protocol.js';
import { rawCodec } from '../../lib/format/raw-codec.js';
import { type Database, RocksdbStorage } from '../../lib/index.js';
import { temporaryDatabase } from '../support/temporary-database.js';

async function open() {
  const db = await temporaryDatabase({ columnFamilies: ['log'] });
  const log = RocksdbStorage.openIn<Uint8Array, Uint8Array>(db, 'log', {
    entryCodec: rawCodec,
    snapshotCodec: rawCodec,
  });
  return { db, log };
}

function fsyncs(db: Database): number {
  return Number(db.property('rocksdb.dbstats/db.wal_syncs'));
}

const cases = OPERATIONS.flatMap((operation) =>
  (['operation', 'opposite'] as const).map((kind) => [kind, operation] as const),
);

describe('measureOperation', () => {
  it.each(cases)('measures %s-%s with an fsync exactly where the report says so', async (kind, operation) => {
    const { db, log } = await open();
    const numbers = { ms: 0, batch: operation === 'append-n' ? 8 : 1, inFlight: 1 };
    let before = fsyncs(db);
    // What is written to prepare a call does not count.
    const measure = () =>
      measureOperation(operation, log, numbers, () => {
        before = fsyncs(db);
      });
    const { entries } = kind === 'operation' ? measure() : reverseSyncing(db, measure);
    const { synced } = operationOf({ work: `${kind}-${operation}`, batch: 1 });
    expect(fsyncs(db) - before).toBe(synced ? 1 : 0);
    expect(entries).toBe(operation === 'append-n' ? 8 : 1);
  });
});

describe('reverseSyncing', () => {
  const use = (log: RocksdbStorage<Uint8Array, Uint8Array>) => {
    log.appendEntries([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]);
    log.setPromise({ configId: 1, n: 2, priority: 3, pid: 4 });
    log.setDecidedIdx(2);
    log.setDecidedIdx(1);
    log.compact(1, Buffer.from('snapshot'));
  };
  const stored = (db: Database) =>
    db.scanSync(db.columnFamily('log')).map(({ key, value }) => [key.toString('hex'), value.toString('hex')]);

  it('writes the same records to the byte', async () => {
    const [mine, reversed] = [await open(), await open()];
    use(mine.log);
    reverseSyncing(reversed.db, () => use(reversed.log));
    expect(stored(mine.db)).toHaveLength(6);
    expect(stored(reversed.db)).toEqual(stored(mine.db));
  });

  it('ends with the call, also where that fails', async () => {
    const { db, log } = await open();
    expect(() => reverseSyncing(db, () => log.setDecidedIdx(-1))).toThrow('idx must be');
    const before = fsyncs(db);
    log.appendEntry(Buffer.from('a'));
    log.setDecidedIdx(1);
    expect(fsyncs(db) - before).toBe(1);
  });
});
