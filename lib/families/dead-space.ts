/** Dead bytes of a column family that are left to RocksDB's own compaction, which comes to them sooner or later. */
export const LEFT_BYTES = 32 * 1024 * 1024;
