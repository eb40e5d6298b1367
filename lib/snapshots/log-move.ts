// What a log must be like to give way to a snapshot, and the operations by which it does.

import type { Database } from '../../binding/index.js';
import type { LogIndex, StorageOp } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { invalid } from '../contract/validate.js';
import { AsyncRocksdbStorage } from '../log/async-rocksdb-storage.js';
import { type Cursor, nextIdx } from '../log/cursor.js';
import { RocksdbStorage } from '../log/rocksdb-storage.js';

/** A storage whose log lies in a database. */
export type LogStorage<T, S> = RocksdbStorage<T, S> | AsyncRocksdbStorage<T, S>;

/** One way in which a log moves to a snapshot at `index`. */
export interface LogMove {
  /** What the log does, all in one write. */
  ops(index: LogIndex): StorageOp<never, never>[];
  /** @throws StorageError INVALID_ARGUMENT where the log may not be moved to `index` */
  check(log: Cursor, index: LogIndex): void;
}

/** The log's own state was stored: the entries that the snapshot covers go, those behind it stay. */
export const COMPACTION: LogMove = {
  ops: (idx) => [
    { type: 'trim', idx },
    { type: 'setCompactedIdx', idx },
  ],
  check(log, index) {
    const next = nextIdx(log);
    if (index >= log.compactedIdx && index <= next) return;
    const bounds = `the log goes from its compaction floor ${log.compactedIdx} to ${next}`;
    const message = `a log cannot be compacted to ${index}: ${bounds}; to install a snapshot from elsewhere, restore it`;
    throw new StorageError('INVALID_ARGUMENT', message);
  },
};

/** The snapshot comes from elsewhere: it takes the place of all that the log has. */
export const RESTORATION: LogMove = {
  ops: (idx) => [...COMPACTION.ops(idx), { type: 'setDecidedIdx', idx }],
  check(log, index) {
    const reached: [string, number][] = [
      ['a log up to', nextIdx(log)],
      ['the compaction floor', log.compactedIdx],
      ['the decided index', log.decidedIdx],
    ];
    const refused = (what: string) =>
      new StorageError('INVALID_ARGUMENT', `a snapshot at ${index} cannot be restored: the replica has ${what}`);
    for (const [what, idx] of reached) {
      if (idx > index) throw refused(`${what} ${idx}, which the snapshot does not cover`);
    }
    if (log.hasStopsign) throw refused('a stop-sign, an entry behind its log');
  },
};

/** @throws StorageError INVALID_ARGUMENT where `storage` is none, or its log lies in another database */
export function checkLogStorage(storage: unknown, database: Database): void {
  if (!(storage instanceof RocksdbStorage || storage instanceof AsyncRocksdbStorage)) {
    throw invalid('storage', 'a RocksdbStorage or an AsyncRocksdbStorage', storage);
  }
  const { path } = storage.family.database;
  if (storage.family.database !== database) {
    const message = `storage is in the database at ${path}, the snapshots are in ${database.path}`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
}
