// What a log must be like for its entries below an index to go, and the operations by which they do.

import type { LogIndex, StorageOp } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { type Cursor, nextIdx } from './cursor.js';

/** The entries below `idx` go, and the floor takes their place. */
export function compactionOps(idx: LogIndex): StorageOp<never, never>[] {
  return [
    { type: 'trim', idx },
    { type: 'setCompactedIdx', idx },
  ];
}

/**
 * A floor that went back would promise entries that are gone; past the end, it would skip indices; past the decided index,
 * it would throw away entries that may yet change.
 * @throws StorageError INVALID_ARGUMENT
 */
export function checkCompaction(log: Cursor, idx: LogIndex): void {
  const { compactedIdx, decidedIdx } = log;
  const next = nextIdx(log);
  const reason =
    idx < compactedIdx
      ? `its compaction floor is at ${compactedIdx} already`
      : idx > next
        ? `it ends at ${next}; to install a snapshot from elsewhere, restore it`
        : idx > decidedIdx
          ? `it is decided up to ${decidedIdx}, and what lies behind may yet change; set the decided index first`
          : undefined;
  if (reason !== undefined)
    throw new StorageError('INVALID_ARGUMENT', `the log cannot be compacted to ${idx}: ${reason}`);
}
