import type { PackedEntries } from './packed-entries.js';
import type { LogIndex, StorageOp } from './storage.js';

/** @internal */
export type EntryList<T> = readonly T[] | PackedEntries;

/** @internal A {@link StorageOp} as it is behind the check. Its entries may be packed, where the codec takes bytes. */
export type CheckedOp<T, S> =
  | Exclude<StorageOp<T, S>, { entries: unknown }>
  | { type: 'appendEntries'; entries: EntryList<T> }
  | { type: 'appendOnPrefix'; fromIdx: LogIndex; entries: EntryList<T> };
