import type { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import type { EncodedInPlace } from '../format/msgpack-codec.js';

/** Takes encoded records (log entries, and meta records by key), in order, to be stored all at once or not at all. */
export interface RecordSink {
  /** Forgets what it was given before. */
  begin(): void;
  /** `bytes` are the codec's own, which may be used again: to be copied, behind the schema version. */
  putEntry(idx: LogIndex, bytes: Uint8Array): void;
  putEntryInPlace(idx: LogIndex, encoded: EncodedInPlace): void;
  /** Entries that are bytes, the first of them for `from`. */
  putPackedEntries(from: LogIndex, entries: PackedEntries): void;
  put(key: Buffer, value: Buffer): void;
  delete(key: Buffer): void;
  /** Log entries in `[from, to)`. */
  removeEntries(from: LogIndex, to: LogIndex): void;
}
