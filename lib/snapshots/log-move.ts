// What a log must be like to give way to a snapshot, and the operations by which it does.

import type { ColumnFamily, Database } from '../../binding/index.js';
import type { Mode } from '../contract/mode.js';
import type { LogIndex, StorageOp } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { invalid } from '../contract/validate.js';
import { AsyncRocksdbStorage } from '../log/async-rocksdb-storage.js';
import { checkCompaction, compactionOps } from '../log/compaction.js';
import { type Cursor, nextIdx } from '../log/cursor.js';
import type { LogAccess } from '../log/log-access.js';
import type { LogFamily } from '../log/log-family.js';
import { RocksdbStorage } from '../log/rocksdb-storage.js';
import { accessOf, hasLog } from '../log/storage-methods.js';

/** A storage whose log lies in a database. */
export type LogStorage<T, S> = RocksdbStorage<T, S> | AsyncRocksdbStorage<T, S>;

/** A log that a snapshot may take the place of. */
export interface MovableLog<T, S> {
  access: LogAccess<T, S, Mode>;
  family: ColumnFamily;
}

/** One way in which a log moves to a snapshot at `index`. */
export interface LogMove {
  /** What the log does, all in one write, where its floor moves to `floor`. */
  ops(index: LogIndex, floor: LogIndex): StorageOp<never, never>[];
  /** @throws StorageError INVALID_ARGUMENT where the log may not be moved to `index` */
  check(log: Cursor, index: LogIndex): void;
}

/** The log's own state was stored: the entries that the snapshot covers go, those behind it stay. */
export const COMPACTION: LogMove = {
  ops: (_, floor) => compactionOps(floor),
  check: checkCompaction,
};

/** The snapshot comes from elsewhere: it takes the place of all that the log has. */
export const RESTORATION: LogMove = {
  ops: (idx, floor) => [...compactionOps(floor), { type: 'setDecidedIdx', idx }],
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

/**
 * A peer's state at `index` takes the place of one that is lost, on a log that has voted. Promise, accepted round and every
 * entry at or past `index` stay: a quorum may rest on them. Where the log knows less to be decided, what it has below may be
 * of a round that came to nothing, and goes; where it knows as much, all of it is right and stays.
 * @throws StorageError INVALID_ARGUMENT where the log begins behind `index`
 */
export function replacementOps(log: Cursor, index: LogIndex): StorageOp<never, never>[] {
  if (index < log.compactedIdx) {
    const message = `a state at ${index} is of no use to a log that begins at ${log.compactedIdx}`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
  if (index <= log.decidedIdx) return [];
  const isStopsignBelow = log.hasStopsign && nextIdx(log) < index;
  return [
    ...RESTORATION.ops(index, index),
    ...(isStopsignBelow ? [{ type: 'setStopsign', stopsign: undefined } as const] : []),
  ];
}

/**
 * The log of `storage`, which must be in `database`.
 * @throws StorageError INVALID_ARGUMENT where `storage` is none, or its log lies in another database
 */
export function logOf<T, S>(storage: LogStorage<T, S>, database: Database): MovableLog<T, S> {
  if (!(storage instanceof RocksdbStorage || storage instanceof AsyncRocksdbStorage) || !hasLog(storage)) {
    throw invalid('storage', 'a RocksdbStorage or an AsyncRocksdbStorage', storage);
  }
  const access = accessOf<T, S, Mode>(storage);
  const { family } = access.location as LogFamily;
  if (family.database !== database) {
    const { path } = family.database;
    const message = `storage is in the database at ${path}, the snapshots are in ${database.path}`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
  return { access, family };
}
