import { setTimeout as sleep } from 'node:timers/promises';

const BUSY = [
  'rocksdb.mem-table-flush-pending',
  'rocksdb.num-running-flushes',
  'rocksdb.compaction-pending',
  'rocksdb.num-running-compactions',
];
const POLL_MS = 5;

/** Waits until a RocksDB neither flushes nor compacts. */
export async function rocksdbIdle(property: (name: string) => string | undefined): Promise<void> {
  while (BUSY.some((name) => property(name) !== '0')) await sleep(POLL_MS);
}
