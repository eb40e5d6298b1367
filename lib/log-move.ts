// What a log must be like to give way to a snapshot, and the operations by which it does.

import type { Database } from '../binding/index.js';
import { AsyncRocksdbStorage } from './async-rocksdb-storage.js';
import { RocksdbStorage } from './rocksdb-storage.js';
import type { LogIndex, StorageOp } from './storage.js';
import { StorageError } from './storage-error.js';
import { invalid } from './validate.js';

/** A storage whose log lies in a database. */
export type LogStorage<T, S> = RocksdbStorage<T, S> | AsyncRocksdbStorage<T, S>;

export interface LogMove {
  ops(index: LogIndex): StorageOp<never, never>[];
  /** @throws StorageError INVALID_ARGUMENT where the log may not be moved to `index` */
  check<T, S>(storage: LogStorage<T, S>, index: LogIndex): Promise<void>;
}

/** The entries that the snapshot covers go; those behind it stay. */
export const COMPACTION: LogMove = {
  ops: (idx) => [
    { type: 'trim', idx },
    { type: 'setCompactedIdx', idx },
  ],
  async check(storage, index) {
    const floor = await storage.getCompactedIdx();
    const { next } = await storage.getBounds();
    if (index >= floor && index <= next) return;
    const log = `the log goes from its compaction floor ${floor} to ${next}`;
    const message = `a log cannot be compacted to ${index}: ${log}; to install a snapshot from elsewhere, restore it`;
    throw new StorageError('INVALID_ARGUMENT', message);
  },
};

/** The snapshot takes the place of all there is. */
export const RESTORATION: LogMove = {
  ops: (idx) => [...COMPACTION.ops(idx), { type: 'setDecidedIdx', idx }],
  async check(storage, index) {
    const held: [string, number][] = [
      ['a log up to', (await storage.getBounds()).next],
      ['the compaction floor', await storage.getCompactedIdx()],
      ['the decided index', await storage.getDecidedIdx()],
    ];
    const refused = (what: string) =>
      new StorageError('INVALID_ARGUMENT', `a snapshot at ${index} cannot be restored: the replica has ${what}`);
    for (const [what, idx] of held) {
      if (idx > index) throw refused(`${what} ${idx}, which the snapshot does not cover`);
    }
    if ((await storage.getStopsign()) !== undefined) throw refused('a stop-sign, an entry behind its log');
  },
};

/** @throws StorageError INVALID_ARGUMENT */
export function checkLogStorage(storage: unknown, database: Database): void {
  if (!(storage instanceof RocksdbStorage || storage instanceof AsyncRocksdbStorage)) {
    throw invalid('storage', 'a RocksdbStorage or an AsyncRocksdbStorage', storage);
  }
  if (storage.database !== database) {
    const message = `storage is in the database at ${storage.database.path}, the snapshots are in ${database.path}`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
}
