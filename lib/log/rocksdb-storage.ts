import type { Database } from '../../binding/index.js';
import type { StorageOptions } from '../contract/options.js';
import { BlockingLog } from './blocking-log.js';
import { BlockingStorage } from './blocking-storage.js';
import { toCodecs } from './codecs.js';
import { RocksdbRecords } from './rocksdb-records.js';
import { accessOf } from './storage-methods.js';
import type { UnsyncedOp } from './transition.js';

/**
 * The log of one replica, in a column family of its own, on a database that the caller owns and may share with other logs
 * and stores. It blocks, as OmniPaxos's own trait does. One storage at a time writes to a column family: it has it until it
 * is closed or collected.
 *
 * After a write that failed in a way that leaves open whether it is on disk, every further write is refused with
 * `POISONED`; reads go on. Close the database and open it again to learn what it holds.
 */
export class RocksdbStorage<T, S = unknown> extends BlockingStorage<T, S> {
  /**
   * Reads the two ends of the log and its meta records, never the log itself.
   * @throws StorageError `COLUMN_FAMILY_NOT_FOUND`: it must exist; `INVALID_ARGUMENT` where another storage has the log, or a
   *   snapshot store the column family; `LOG_INTEGRITY`, `META`, `CODEC` where what is there was not written by a storage;
   *   `ROCKSDB`
   */
  static openIn<T, S = unknown>(
    db: Database,
    columnFamily: string,
    options?: StorageOptions<T, S>,
  ): RocksdbStorage<T, S> {
    return new RocksdbStorage(new BlockingLog(new RocksdbRecords(db, columnFamily, toCodecs(options))));
  }

  private constructor(log: BlockingLog<T, S>) {
    super(log);
  }

  /**
   * How often a write that need not be synced has failed, by operation. Such a failure is thrown like any other; a caller
   * that goes on regardless, as OmniPaxos does, can watch it here.
   */
  get failedUnsyncedWrites(): Readonly<Record<UnsyncedOp, number>> {
    return accessOf(this).failures.unsynced;
  }
}
