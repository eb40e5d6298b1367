import { MAX_BYTES, outOfRange } from './arguments.js';
import { ColumnFamilyHandle, type ColumnFamilyOf, type FamilyOwner } from './column-family.js';
import { RocksError } from './rocks-error.js';

// The packed format is written down in native/core/batch_format.h, beside its parser.
const HEADER_BYTES = 13;
const PUT = 1;
const DELETE = 2;
const DELETE_RANGE = 3;
const PUT_RUN = 4;
/** Of the length before each value of a run. */
const LENGTH_BYTES = 4;

const NOTHING = new Uint8Array(0);
const NO_BYTES = Buffer.alloc(0);
/** What a cleared batch keeps for its next records. */
const KEPT_BYTES = 1024 * 1024;

/** @internal The records of a batch, packed as they cross into C++. What it is given has been checked. */
export class PackedBatch {
  #bytes = NO_BYTES;
  /** A view of the same memory: it writes an integer in one step, a Buffer in four. */
  #view = viewOf(NO_BYTES);
  #length = 0;
  #count = 0;
  /** Where the last run begins. */
  #run = 0;
  /** The database of the first record. */
  #owner: FamilyOwner | undefined;
  /** A write that waits for room uses the bytes as well: they must stay as they are. */
  #shared = false;

  put(cf: ColumnFamilyOf<unknown>, key: Uint8Array, value: Uint8Array): void {
    this.#add(PUT, cf, key, value);
  }

  delete(cf: ColumnFamilyOf<unknown>, key: Uint8Array): void {
    this.#add(DELETE, cf, key, NOTHING);
  }

  /** @throws RocksError INVALID_ARGUMENT where `to` lies before `from` */
  deleteRange(cf: ColumnFamilyOf<unknown>, from: Uint8Array, to: Uint8Array): void {
    if (Buffer.compare(from, to) > 0) throw outOfRange('to', 'a key at or past from', to);
    this.#add(DELETE_RANGE, cf, from, to);
  }

  /**
   * Adds a run: puts under keys that count up. The caller writes the first key and then `head`, a length and what every value
   * begins with, into {@link bytes}, from the returned place on. {@link extendRun} is to follow.
   */
  openRun(cf: ColumnFamilyOf<unknown>, keyLength: number, headLength: number): number {
    this.#run = this.#length;
    return this.#open(PUT_RUN, cf, keyLength, headLength);
  }

  /** Room at the end of the run, which is the last record, for so many bytes: values, each behind its length. */
  extendRun(length: number): number {
    const at = this.#length;
    const end = at + length;
    if (end > this.#bytes.length || this.#shared) this.#grow(end);
    const lengthAt = this.#run + 9;
    this.#view.setUint32(lengthAt, this.#view.getUint32(lengthAt, true) + length, true);
    this.#length = end;
    return at;
  }

  /** {@link extendRun} for one value, of which the caller writes the bytes. */
  putInRun(length: number): number {
    const at = this.extendRun(LENGTH_BYTES + length);
    this.#view.setUint32(at, length, true);
    return at + LENGTH_BYTES;
  }

  /** Adds every record of `others`. */
  addAll(others: PackedBatch): void {
    if (others.#owner === undefined) return;
    this.checkOwner(others.#owner);
    const end = this.#length + others.#length;
    if (end > this.#bytes.length || this.#shared) this.#grow(end);
    this.#owner = others.#owner;
    this.#bytes.set(others.#bytes.subarray(0, others.#length), this.#length);
    this.#length = end;
    this.#count += others.#count;
  }

  /** Forgets every record, and the database they were for. */
  clear(): void {
    if (this.#shared || this.#bytes.length > KEPT_BYTES) this.#replace(NO_BYTES);
    this.#length = 0;
    this.#count = 0;
    this.#owner = undefined;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of the records: they are the first of {@link bytes}. */
  get byteLength(): number {
    return this.#length;
  }

  /** What crosses into C++. Valid until the batch changes. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** A view of the memory of {@link bytes}. */
  get view(): DataView {
    return this.#view;
  }

  /** From here on the packed bytes stay as they are, whatever becomes of the batch. */
  share(): void {
    this.#shared = true;
  }

  /** As it is now, whatever becomes of this one. The bytes are copied only once either of them changes. */
  copy(): PackedBatch {
    const copy = new PackedBatch();
    copy.#bytes = this.#bytes;
    copy.#view = this.#view;
    copy.#length = this.#length;
    copy.#count = this.#count;
    copy.#owner = this.#owner;
    this.share();
    copy.share();
    return copy;
  }

  /** @throws RocksError INVALID_ARGUMENT where a record is for another database */
  checkOwner(owner: FamilyOwner): void {
    if (this.#owner !== undefined && this.#owner !== owner) throw anotherDatabase(this.#owner, owner);
  }

  /** The ids of the column families that it writes to. */
  families(): Set<number> {
    const ids = new Set<number>();
    for (let at = 0; at < this.#length; ) {
      ids.add(this.#bytes.readUInt32LE(at + 1));
      at += HEADER_BYTES + this.#bytes.readUInt32LE(at + 5) + this.#bytes.readUInt32LE(at + 9);
    }
    return ids;
  }

  #add(operation: number, cf: ColumnFamilyOf<unknown>, first: Uint8Array, second: Uint8Array): void {
    const at = this.#open(operation, cf, first.byteLength, second.byteLength);
    this.#bytes.set(first, at);
    this.#bytes.set(second, at + first.byteLength);
  }

  /** Writes the header of a record, and gives the place where its two parts belong. */
  #open(operation: number, cf: ColumnFamilyOf<unknown>, firstLength: number, secondLength: number): number {
    const family = ColumnFamilyHandle.idOf('cf', cf);
    const owner = ColumnFamilyHandle.ownerOf('cf', cf);
    this.checkOwner(owner);
    const end = this.#length + HEADER_BYTES + firstLength + secondLength;
    if (end > this.#bytes.length || this.#shared) this.#grow(end);
    this.#owner = owner;

    const view = this.#view;
    const at = this.#length;
    view.setUint8(at, operation);
    view.setUint32(at + 1, family, true);
    view.setUint32(at + 5, firstLength, true);
    view.setUint32(at + 9, secondLength, true);

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

function anotherDatabase(mine: FamilyOwner, other: FamilyOwner): RocksError {
  return new RocksError(
    'INVALID_ARGUMENT',
    `the batch holds records for the database at ${mine.path}, not ${other.path}`,
  );
}
