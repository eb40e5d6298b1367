// A log's column family: what the blocking and the asynchronous storage both know of it.

import { type ColumnFamily, Database, RocksError, type ScanRange, WriteBatch } from '../binding/index.js';
import type { PackedRows } from '../binding/packed-rows.js';
import type { Pages } from '../binding/pages.js';
import type { EncodedInPlace } from './codec.js';
import { claimFamily } from './family-use.js';
import {
  LOG_END,
  LOG_KEY_BYTES,
  LOG_START,
  logKey,
  parseLogKey,
  readLogKey,
  showKey,
  writeLogKey,
} from './key-space.js';
import { LiveRanges, type Probe } from './live-ranges.js';
import type { EntryPage, PageStep, ReadStep } from './readings.js';
import { type Codecs, encodeRecords, type RecordSink } from './record-sink.js';
import { CHUNKS, MANIFESTS } from './snapshot-key-space.js';
import type { LogIndex } from './storage.js';
import { StorageError } from './storage-error.js';
import type { StorageRecord } from './transition.js';
import { checkName } from './validate.js';
import { decodeValue, SCHEMA_VERSION } from './values.js';

/** Below this many keys, deleting each costs later reads less than a range does: 13 µs against 0.7 ms after 5,000 trims. */
const POINT_DELETES_UP_TO = 1000;
/** Bytes of one crossing of a long read. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** Behind a key: the first that comes after it. */
const AFTER_KEY = Buffer.alloc(1);

/** Where opening looks: the two ends of the log, never the log itself. */
export const LOWEST: ScanRange = { gte: LOG_START, lt: LOG_END, reverse: false, limit: 1 };
export const HIGHEST: ScanRange = { ...LOWEST, reverse: true };

/** And where a snapshot store would have its records. */
export const FOREIGN: readonly ScanRange[] = [CHUNKS, MANIFESTS].map((range) => ({ ...range, limit: 1 }));

/** Up to this many bytes, a loop has copied part of a buffer before an object for that part is made. */
const COPIED_BY_WORD = 512;

export class LogFamily<T, S> implements Probe {
  readonly database: Database;
  readonly family: ColumnFamily;
  readonly #codecs: Codecs<T, S>;
  readonly #batch = new WriteBatch();
  #packing = false;
  readonly #sink: RecordSink;

  /** @throws StorageError COLUMN_FAMILY_NOT_FOUND, INVALID_ARGUMENT */
  constructor(database: Database, name: string, codecs: Codecs<T, S>) {
    if (!(database instanceof Database)) throw new StorageError('INVALID_ARGUMENT', 'db must be a Database');
    this.database = database;
    this.family = reported(() => database.columnFamily(checkName('columnFamily', name)));
    this.#codecs = codecs;

    const { family } = this;
    const batch = this.#batch;
    /** Gives the place where its bytes belong. */
    const openEntry = (idx: LogIndex, length: number): number => {
      const at = WriteBatch.extend(batch, family, LOG_KEY_BYTES, length + 1);
      const memory = WriteBatch.pack(batch, database);
      writeLogKey(memory, at, idx);
      memory[at + LOG_KEY_BYTES] = SCHEMA_VERSION;
      return at + LOG_KEY_BYTES + 1;
    };
    this.#sink = {
      putEntry(idx, bytes) {
        const at = openEntry(idx, bytes.byteLength);
        WriteBatch.pack(batch, database).set(bytes, at);
      },
      putEntryInPlace(idx, encoded) {
        const { memory, start, end } = encoded;
        const at = openEntry(idx, end - start);
        if (end - start <= COPIED_BY_WORD) copyByWord(encoded, WriteBatch.view(batch), at);
        else WriteBatch.pack(batch, database).set(memory.subarray(start, end), at);
      },
      put: (key, value) => batch.put(family, key, value),
      delete: (key) => batch.delete(family, key),
      removeEntries(from, to) {
        if (to - from >= POINT_DELETES_UP_TO) batch.deleteRange(family, logKey(from), logKey(to));
        else for (let idx = from; idx < to; idx++) batch.delete(family, logKey(idx));
      },
    };
  }

  /**
   * Makes it known that there is a log here, with the rows that FOREIGN found.
   * @throws StorageError META, INVALID_ARGUMENT where there is a snapshot store
   */
  claim(foreign: readonly PackedRows[]): void {
    const found = foreign.find((rows) => rows.count > 0);
    if (found !== undefined) {
      const message = `column family ${this.family.name} holds ${showKey(found.key(0))}, which is a snapshot's record`;
      throw new StorageError('META', message);
    }
    claimFamily(this.family, 'a log');
  }

  /** What is live, from the rows that LOWEST and HIGHEST found. */
  static live(lowest: PackedRows, highest: PackedRows): LiveRanges {
    if (lowest.count === 0) return LiveRanges.NONE;
    return LiveRanges.foundAtOpen(parseLogKey(lowest.key(0)), parseLogKey(highest.key(0)));
  }

  /**
   * The records, packed, and those of `alongside`. The batch is used again at the next call.
   * @throws StorageError CODEC, or what a codec does; INVALID_ARGUMENT where `alongside` is for another database, or
   *   for this column family, whose records nobody else may write
   */
  pack(records: readonly StorageRecord<T, S>[], alongside?: WriteBatch): WriteBatch {
    if (this.#packing) {
      throw new StorageError('INVALID_ARGUMENT', 'a codec must not write to the storage that it encodes for');
    }
    this.#packing = true;
    try {
      this.#batch.clear();
      encodeRecords(records, this.#codecs, this.#sink);
      if (alongside !== undefined) this.#addAlongside(alongside);
      return this.#batch;
    } finally {
      this.#packing = false;
    }
  }

  #addAlongside(alongside: WriteBatch): void {
    if (WriteBatch.writesTo(alongside, this.family)) {
      const message = `options.alongside must not write to ${this.family.name}, the column family of the log itself`;
      throw new StorageError('INVALID_ARGUMENT', message);
    }
    try {
      WriteBatch.addAll(this.#batch, alongside, this.database);
    } catch (error) {
      if (!(error instanceof RocksError)) throw error;
      throw new StorageError('INVALID_ARGUMENT', `options.alongside: ${error.message}`);
    }
  }

  /** The pages that {@link answer} takes, as the writes called before leave them. */
  readBehindWrites(step: ReadStep): Pages {
    const { database, family } = this;
    if ('meta' in step) {
      const { meta } = step;
      return Database.readBehindWrites(database, family, meta, Buffer.concat([meta, AFTER_KEY]), PAGE_BYTES, 1);
    }
    const { from, to, limit } = step;
    return Database.readBehindWrites(database, family, logKey(from), logKey(to), PAGE_BYTES, limit);
  }

  /** What a reading is given for its step. */
  static answer(step: ReadStep, rows: PackedRows): EntryPage | Buffer | undefined {
    if (!('meta' in step)) return LogFamily.page(rows);
    return rows.count === 0 ? undefined : rows.value(0);
  }

  static page(rows: PackedRows): EntryPage {
    const { bytes } = rows;
    return {
      count: rows.count,
      index: (row) => readLogKey(bytes, rows.keyStart(row), rows.keyEnd(row)),
      entry: (row, codec) => decodeValue(codec, bytes, rows.keyEnd(row), rows.valueEnd(row), () => rows.key(row)),
      isLast: rows.byteLength < PAGE_BYTES,
    };
  }

  static pageRange({ from, to, limit }: PageStep): ScanRange {
    return { gte: logKey(from), lt: logKey(to), maxBytes: PAGE_BYTES, ...(limit === undefined ? {} : { limit }) };
  }

  highest(from: LogIndex, to: LogIndex): LogIndex | undefined {
    const range = { ...HIGHEST, gte: logKey(from), lt: logKey(to) };
    const rows = reported(() => Database.scanPackedSync(this.database, this.family, range));
    return rows.count === 0 ? undefined : parseLogKey(rows.key(0));
  }
}

/** Runs `call`; what the database reports becomes the cause of a StorageError. */
export function reported<R>(call: () => R): R {
  try {
    return call();
  } catch (error) {
    throw asStorageError(error);
  }
}

/** {@link reported} for what is under way. */
export async function reportedLater<R>(outcome: Promise<R>): Promise<R> {
  try {
    return await outcome;
  } catch (error) {
    throw asStorageError(error);
  }
}

export function asStorageError(error: unknown): unknown {
  if (!(error instanceof RocksError)) return error;
  const code = error.code === 'COLUMN_FAMILY_NOT_FOUND' ? error.code : 'ROCKSDB';
  return new StorageError(code, error.message, { cause: error });
}

function copyByWord({ view, start, end }: EncodedInPlace, to: DataView, at: number): void {
  let from = start;
  for (; from + 4 <= end; from += 4, at += 4) to.setUint32(at, view.getUint32(from));
  for (; from < end; from++, at++) to.setUint8(at, view.getUint8(from));
}
