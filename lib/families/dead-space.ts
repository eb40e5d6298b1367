import type { ColumnFamily } from '../../binding/index.js';

/** Below so many dead bytes in a column family nothing is done: RocksDB's own compaction removes them sooner or later. */
export const LEFT_BYTES = 32 * 1024 * 1024;

/**
 * Bytes of the files of a column family, dead records included.
 * @throws RocksError `CLOSED`, `COLUMN_FAMILY_NOT_FOUND`
 */
export function bytesOnDisk(family: ColumnFamily): number {
  return Number(family.database.property('rocksdb.live-sst-files-size', family));
}
