import type { StorageOptions } from '../contract/options.js';
import { BlockingLog } from './blocking-log.js';
import { BlockingStorage } from './blocking-storage.js';
import { toCodecs } from './codecs.js';
import { MemRecords } from './mem-records.js';

/**
 * A storage in memory, for tests and for nodes that may forget. It does what `RocksdbStorage` does, through the same codecs,
 * but nothing outlives it.
 */
export class MemStorage<T, S = unknown> extends BlockingStorage<T, S> {
  /**
   * An empty log.
   * @throws StorageError `INVALID_ARGUMENT` for an unknown option, or a codec without `encode` and `decode`
   */
  constructor(options?: StorageOptions<T, S>) {
    super(new BlockingLog(new MemRecords(toCodecs(options))));
  }
}
