import { checkBytes, outOfRange, wrongType } from './arguments.js';
import { type ColumnFamily, ColumnFamilyHandle } from './column-family.js';
import type { Database } from './database.js';
import { RocksError } from './rocks-error.js';

// The packed format is written down in native/core/batch_format.h, beside its parser.
const HEADER_BYTES = 13;
const PUT = 1;
const DELETE = 2;
const DELETE_RANGE = 3;

/** The most that one batch may hold: what every supported Node can allocate in one piece. */
const MAX_BYTES = 2 ** 31 - 1;
const NOTHING = new Uint8Array(0);
const NO_BYTES = Buffer.alloc(0);
/** What a cleared batch keeps for its next records. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Records to be written together, all or none, in the order they were added. Keys and values are copied when they are
 * added. A batch holds records of one database, which may be spread over its column families; it can be written any
 * number of times, and needs no closing.
 */
export class WriteBatch {
  #bytes = NO_BYTES;
  /** Of the same memory: it writes an integer in one store, a Buffer in four. */
  #view = viewOf(NO_BYTES);
  #length = 0;
  #count = 0;
  #database: Database | undefined;
  /** A write that waits for room uses the bytes as well: they must stay as they are. */
  #shared = false;

  /**
   * Sets `key` to `value`.
   * @throws TypeError (code INVALID_ARGUMENT) where an argument is of the wrong type
   * @throws RocksError INVALID_ARGUMENT where the batch belongs to another database or would pass 2 GiB
   */
  put(cf: ColumnFamily, key: Uint8Array, value: Uint8Array): this {
    return this.#add(PUT, cf, checkBytes('key', key), checkBytes('value', value));
  }

  /** Removes `key`; one that is not there is no error. Throws like {@link put}. */
  delete(cf: ColumnFamily, key: Uint8Array): this {
    return this.#add(DELETE, cf, checkBytes('key', key), NOTHING);
  }

  /** Removes every key in `[from, to)`, by their bytes. Throws like {@link put}, and where `to` lies before `from`. */
  deleteRange(cf: ColumnFamily, from: Uint8Array, to: Uint8Array): this {
    checkBytes('from', from);
    checkBytes('to', to);
    if (Buffer.compare(from, to) > 0) throw outOfRange('to', 'a key at or past from', to);
    return this.#add(DELETE_RANGE, cf, from, to);
  }

  /** Forgets every record, and the database they were for. */
  clear(): this {
    if (this.#shared || this.#bytes.length > KEPT_BYTES) this.#replace(NO_BYTES);
    this.#length = 0;
    this.#count = 0;
    this.#database = undefined;
    return this;
  }

  /** Records added. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of all keys and values, and 13 more for each record. */
  get byteLength(): number {
    return this.#length;
  }

  /** @internal What crosses into C++: the first `byteLength` bytes, valid until the batch changes. */
  static pack(batch: unknown, database: Database): Buffer {
    if (typeof batch !== 'object' || batch === null || !(#bytes in batch)) {
      throw wrongType('batch', 'a WriteBatch', batch);
    }
    if (batch.#database !== undefined && batch.#database !== database) throw anotherDatabase(batch.#database, database);
    return batch.#bytes;
  }

  /** @internal Of what {@link pack} gives. */
  static view(batch: WriteBatch): DataView {
    return batch.#view;
  }

  /** @internal From here on the packed bytes stay as they are, whatever becomes of the batch. */
  static share(batch: WriteBatch): void {
    batch.#shared = true;
  }

  /**
   * @internal Adds a put whose key and value the caller writes himself, into the packed bytes, from the place returned on:
   * no object for either.
   */
  static extend(batch: WriteBatch, cf: ColumnFamily, keyLength: number, valueLength: number): number {
    return batch.#open(PUT, cf, keyLength, valueLength);
  }

  /** @internal Adds every record of `others`, which must be for `database`. Throws like {@link put}. */
  static addAll(batch: WriteBatch, others: WriteBatch, database: Database): void {
    const bytes = WriteBatch.pack(others, database);
    const end = batch.#length + others.#length;
    if (end > batch.#bytes.length || batch.#shared) batch.#grow(end);
    batch.#bytes.set(bytes.subarray(0, others.#length), batch.#length);
    batch.#length = end;
    batch.#count += others.#count;
    batch.#database = database;
  }

  /** @internal Whether a record of `batch` is for `cf`. */
  static writesTo(batch: WriteBatch, cf: ColumnFamily): boolean {
    const family = ColumnFamilyHandle.idOf('cf', cf);
    if (batch.#database !== cf.database) return false;
    for (let at = 0; at < batch.#length; ) {
      if (batch.#bytes.readUInt32LE(at + 1) === family) return true;
      at += HEADER_BYTES + batch.#bytes.readUInt32LE(at + 5) + batch.#bytes.readUInt32LE(at + 9);
    }
    return false;
  }

  #add(operation: number, cf: ColumnFamily, first: Uint8Array, second: Uint8Array): this {
    const at = this.#open(operation, cf, first.byteLength, second.byteLength);
    this.#bytes.set(first, at);
    this.#bytes.set(second, at + first.byteLength);
    return this;
  }

  /** Writes the header of a record, and gives the place where its two parts belong. */
  #open(operation: number, cf: ColumnFamily, firstLength: number, secondLength: number): number {
    const family = ColumnFamilyHandle.idOf('cf', cf);
    if (this.#database !== undefined && this.#database !== cf.database) {
      throw anotherDatabase(this.#database, cf.database);
    }
    const end = this.#length + HEADER_BYTES + firstLength + secondLength;
    if (end > this.#bytes.length || this.#shared) this.#grow(end);

    const view = this.#view;
    const at = this.#length;
    view.setUint8(at, operation);
    view.setUint32(at + 1, family, true);
    view.setUint32(at + 5, firstLength, true);
    view.setUint32(at + 9, secondLength, true);

    this.#database = cf.database;
    this.#length = end;
    this.#count++;
    return at + HEADER_BYTES;
  }

  #grow(needed: number): void {
    if (needed > MAX_BYTES) {
      throw new RocksError(
        'INVALID_ARGUMENT',
        `a batch holds at most ${MAX_BYTES} bytes, not ${needed}; write it in parts`,
      );
    }
    const larger = Buffer.allocUnsafeSlow(Math.min(MAX_BYTES, Math.max(needed, this.#length * 2, 512)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#replace(larger);
  }

  #replace(bytes: Buffer<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#shared = false;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function anotherDatabase(mine: Database, other: Database): RocksError {
  return new RocksError(
    'INVALID_ARGUMENT',
    `the batch holds records for the database at ${mine.path}, not ${other.path}`,
  );
}
