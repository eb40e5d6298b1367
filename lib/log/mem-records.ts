import { MAX_BYTES } from '../../binding/arguments.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import { LENGTH_BYTES, PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { logKey } from '../format/log-keys.js';
import { decodeValue, framed, VERSION_BYTES } from '../format/values.js';
import type { RecordStore } from './blocking-log.js';
import type { Codecs } from './codecs.js';
import { type Cursor, EMPTY } from './cursor.js';
import type { EntryRun } from './entry-run.js';
import { IndexedRecords } from './indexed-records.js';
import type { EntryPage, PageStep, RunRange } from './readings.js';
import { RecordEncoder } from './record-encoder.js';
import type { RecordSink } from './record-sink.js';
import type { StorageRecord } from './transition.js';

/** Entries that came as one. */
interface PackedRun {
  from: LogIndex;
  entries: PackedEntries;
}

/** The records of a log in memory: encoded, so that what is read has been through the codec as if through a disk. */
export class MemRecords<T, S> implements RecordStore<T, S> {
  readonly codecs: Codecs<T, S>;
  readonly location = undefined;
  readonly #encoder: RecordEncoder<T, S>;
  readonly #meta = new Map<string, Buffer>();
  readonly #entries = new IndexedRecords<Buffer | PackedRun>();
  /** What the write at work will do, once all of it is encoded. */
  #changes: (() => void)[] = [];
  #bytes = 0;
  readonly #sink: RecordSink = {
    begin: () => {
      this.#changes = [];
      this.#bytes = 0;
    },
    putEntry: (idx, bytes) => {
      this.#reserve(bytes.byteLength);
      const value = framed(bytes);
      this.#changes.push(() => this.#entries.fill(idx, idx + 1, value));
    },
    putEntryInPlace: (idx, { memory, start, end }) => this.#sink.putEntry(idx, memory.subarray(start, end)),
    putPackedEntries: (from, entries) => {
      this.#reserve(entries.byteLength + entries.length);
      const run: PackedRun = { from, entries };
      this.#changes.push(() => this.#entries.fill(from, from + entries.length, run));
    },
    put: (key, value) => {
      this.#reserve(value.byteLength);
      this.#changes.push(() => this.#meta.set(key.toString(), value));
    },
    delete: (key) => this.#changes.push(() => this.#meta.delete(key.toString())),
    removeEntries: (from, to) => this.#changes.push(() => this.#entries.remove(from, to)),
  };

  constructor(codecs: Codecs<T, S>) {
    this.codecs = codecs;
    this.#encoder = new RecordEncoder(codecs);
  }

  open(): Cursor {
    return EMPTY;
  }

  readMeta(key: Buffer): Buffer | undefined {
    return this.#meta.get(key.toString());
  }

  readPage({ from, to, limit = Number.POSITIVE_INFINITY, pageBytes }: PageStep): EntryPage {
    const found: LogIndex[] = [];
    let bytes = 0;
    for (const idx of this.#entries.indices(from, to)) {
      if (found.length === limit || bytes >= pageBytes) break;
      found.push(idx);
      bytes += this.#stored(idx).byteLength;
    }
    const stored = (row: number) => this.#stored(found[row] as LogIndex);
    return {
      count: found.length,
      index: (row) => found[row] as LogIndex,
      entry: (row, codec) => {
        const bytes = stored(row);
        return decodeValue(codec, bytes, 0, bytes.length, () => logKey(found[row] as LogIndex));
      },
      byteLength: (row) => stored(row).byteLength,
      isLast: bytes < pageBytes,
    };
  }

  readRun({ from, to, pageBytes }: RunRange): EntryRun {
    const parts: Buffer[] = [];
    let bytes = 0;
    let next = from;
    for (; next < to && bytes < pageBytes; next++) {
      const stored = this.#entries.get(next);
      if (stored === undefined) break;
      const entry = Buffer.isBuffer(stored) ? stored.subarray(VERSION_BYTES) : stored.entries.at(next - stored.from);
      const length = Buffer.allocUnsafe(LENGTH_BYTES);
      length.writeUInt32LE(entry.length);
      parts.push(length, entry);
      bytes += entry.length + VERSION_BYTES;
    }
    return {
      entries: new PackedEntries(Buffer.concat(parts), next - from),
      isBorrowed: false,
      isFull: bytes >= pageBytes,
      refuseDamage() {}, // what is missing here was never written, or has been removed
    };
  }

  #stored(idx: LogIndex): Buffer {
    const stored = this.#entries.get(idx) as Buffer | PackedRun;
    return Buffer.isBuffer(stored) ? stored : framed(stored.entries.at(idx - stored.from));
  }

  // Never asked: all that is live was written by this object, so no range of it is in doubt.
  highest(): LogIndex | undefined {
    return undefined;
  }

  commit(records: readonly StorageRecord<T, S>[], _sync: boolean, alongside: PackedBatch | undefined): void {
    if (alongside !== undefined) {
      throw new StorageError(
        'INVALID_ARGUMENT',
        'a storage in memory has no database to write alongside: use one that has',
      );
    }
    // Encoded in full before the first change: an entry that cannot be encoded leaves everything as it was.
    this.#encoder.encode(records, this.#sink);
    for (const change of this.#changes) change();
    this.#changes = [];
  }

  release(): void {}

  /** As much as a batch holds, so that what is written here can be written to a disk as well. */
  #reserve(byteLength: number): void {
    this.#bytes += byteLength;
    if (this.#bytes <= MAX_BYTES) return;
    const message = `a write holds at most ${MAX_BYTES} bytes, not ${this.#bytes}; write it in parts`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
}
