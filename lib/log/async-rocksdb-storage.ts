import type { Database } from '../../binding/index.js';
import type { StorageOptions } from '../contract/options.js';
import { AsyncLog } from './async-log.js';
import { toCodecs } from './codecs.js';
import { PromisedStorage } from './promised-storage.js';
import { accessOf } from './storage-methods.js';
import type { UnsyncedOp } from './transition.js';

/**
 * `RocksdbStorage` with promises, and an event loop that never waits for the disk. What is given is encoded, and the index
 * of an append fixed, at the call; the promise settles once the write is durable. All writes of a database that wait, of
 * every log and store, share one fsync (group commit). Results settle in the order of the calls, and a read gives what the
 * calls before it leave, whatever is called behind it.
 *
 * If a write fails, it and everything called behind it reject, the latter with `POISONED`; the log is then what it was
 * before, and further writes are refused until the database is reopened. Reads go on.
 *
 * One call looks at the disk itself: an `appendOnPrefix` that cuts into the part of the log that was there at open.
 */
export class AsyncRocksdbStorage<T, S = unknown> extends PromisedStorage<T, S> {
  /**
   * Reads the two ends of the log and its meta records, never the log itself.
   * @throws StorageError what `RocksdbStorage.openIn` throws, as a rejection
   */
  static async openIn<T, S = unknown>(
    db: Database,
    columnFamily: string,
    options?: StorageOptions<T, S>,
  ): Promise<AsyncRocksdbStorage<T, S>> {
    const log = new AsyncLog(db, columnFamily, toCodecs(options));
    await log.open();
    return new AsyncRocksdbStorage(log);
  }

  private constructor(log: AsyncLog<T, S>) {
    super(log);
  }

  /** How often a write that need not be synced has failed, by operation. */
  get failedUnsyncedWrites(): Readonly<Record<UnsyncedOp, number>> {
    return accessOf(this).failures.unsynced;
  }
}
