import type { PackedEntries } from './packed-entries.js';
import type { LogIndex } from './storage.js';
import { StorageError } from './storage-error.js';

/**
 * Some entries of a log, as its codec has encoded them, in one run of bytes: without an object for each. The bytes
 * are the caller's; every view of an entry is a view of them.
 */
export class PackedPage implements Iterable<Buffer> {
  /** The index of the first entry. */
  readonly from: LogIndex;
  /** How many entries; 0 where nothing was found. */
  readonly length: number;
  /** Every entry behind its length (u32, little-endian), with nothing between: fit to be sent as it is. */
  readonly bytes: Buffer;
  readonly #entries: PackedEntries;

  /** @internal */
  constructor(from: LogIndex, entries: PackedEntries) {
    this.from = from;
    this.length = entries.length;
    this.bytes = entries.bytes;
    this.#entries = entries;
  }

  /** The index behind the last entry: where to go on. It is `from` where nothing was found. */
  get next(): LogIndex {
    return this.from + this.length;
  }

  /**
   * Where each entry begins in {@link bytes}, and one number more: the entry at place `i` is `[offsets[i], offsets[i + 1] - 4)`.
   * Made at the first use, from {@link bytes}.
   */
  get offsets(): Uint32Array {
    return this.#entries.starts;
  }

  /**
   * A view of the entry at place `i`, whose index is `from + i`.
   * @throws StorageError `INVALID_ARGUMENT` where there is none
   */
  at(i: number): Buffer {
    if (!(Number.isInteger(i) && i >= 0 && i < this.length)) {
      throw new StorageError(
        'INVALID_ARGUMENT',
        `i must be a place below ${this.length}, the length of the page, not ${i}`,
      );
    }
    return this.#entries.at(i);
  }

  /** Views of all entries, one after the other. */
  [Symbol.iterator](): IterableIterator<Buffer> {
    return this.#entries[Symbol.iterator]();
  }
}
