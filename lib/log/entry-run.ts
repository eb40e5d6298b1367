// Entries that lie one behind the other, as they come from a log: in one piece, without an object or a key for each.
// native/core/counted_run.h has the layout.

import { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import { readLogKey } from '../format/log-keys.js';
import { checkVersion } from '../format/values.js';

const STATE = { full: 0, ended: 1, stranger: 2, noRoom: 3 } as const;
const COUNT_AT = 4;
const ENTRIES_AT = 8;
/** Of the two lengths at the end. */
const LENGTHS_BYTES = 8;

/** Some of the entries of a range: from its start on, up to the first that is missing, or as many as a page holds. */
export interface EntryRun {
  readonly entries: PackedEntries;
  /** The memory of the entries is used again by the next read. */
  readonly isBorrowed: boolean;
  /** More of them may follow. */
  readonly isFull: boolean;
  /** What comes behind the entries, where they end early, is no damage: one is missing, then. */
  refuseDamage(): void;
}

/** A page of the run that goes on at `from`. */
export function toEntryRun(page: Buffer, from: LogIndex, isBorrowed: boolean): EntryRun {
  const state = page.readUInt32LE(0);
  const end = state === STATE.stranger ? strangerOf(page).start : page.length;
  // A copy: what decodes the entries may read this log again.
  const stranger = state === STATE.stranger ? Buffer.from(page.subarray(end)) : undefined;
  return {
    entries: new PackedEntries(page.subarray(ENTRIES_AT, end), page.readUInt32LE(COUNT_AT)),
    isBorrowed,
    isFull: state === STATE.full || state === STATE.noRoom,
    refuseDamage() {
      if (stranger !== undefined) refuseDamaged(stranger, from + this.entries.length);
    },
  };
}

/** Where the key of the row behind the entries lies, and what there is of its value. */
function strangerOf(page: Buffer): { start: number; keyEnd: number; end: number } {
  const end = page.length - LENGTHS_BYTES;
  const keyEnd = end - page.readUInt32LE(end + 4);
  return { start: keyEnd - page.readUInt32LE(end), keyEnd, end };
}

/** @throws StorageError LOG_INTEGRITY, CODEC */
function refuseDamaged(page: Buffer, next: LogIndex): void {
  const { start, keyEnd, end } = strangerOf(page);
  if (readLogKey(page, start, keyEnd) === next) checkVersion(page, keyEnd, end, () => page.subarray(start, keyEnd));
}
