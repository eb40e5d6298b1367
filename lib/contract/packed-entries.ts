/** @internal Of the length before each entry. */
export const LENGTH_BYTES = 4;

/**
 * @internal Entries that are bytes already, as they come from the engine: each behind its length (u32, little-endian). A
 * list of thousands is one object, and is copied as one. It stays as it is, and so must its bytes.
 */
export class PackedEntries implements Iterable<Buffer> {
  /** How many entries. */
  readonly length: number;
  readonly #bytes: Buffer;
  /** Where each entry begins, and where the next one's length does; made when one is first asked for by its place. */
  #places: Uint32Array | undefined;

  /** `bytes` have been checked, or packed right. */
  constructor(bytes: Buffer, length: number) {
    this.#bytes = bytes;
    this.length = length;
  }

  /** Whether `value` is one, and not an imitation. */
  static is(value: unknown): value is PackedEntries {
    return typeof value === 'object' && value !== null && #bytes in value;
  }

  /** As they lie. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Of the entries alone. */
  get byteLength(): number {
    return this.#bytes.length - this.length * LENGTH_BYTES;
  }

  /** Where the entry at place `i` begins in {@link bytes}. */
  startOf(i: number): number {
    this.#places ??= this.#find();
    return this.#places[i] as number;
  }

  endOf(i: number): number {
    return this.startOf(i + 1) - LENGTH_BYTES;
  }

  /** A view of the entry at place `i`. */
  at(i: number): Buffer {
    return this.#bytes.subarray(this.startOf(i), this.endOf(i));
  }

  /** Those at places `[from, to)`. They share the memory of all. */
  part(from: number, to: number): PackedEntries {
    if (from === 0 && to === this.length) return this;
    const start = this.startOf(from) - LENGTH_BYTES;
    return new PackedEntries(this.#bytes.subarray(start, this.startOf(to) - LENGTH_BYTES), to - from);
  }

  /** How many of those at `[from, to)` take no more than `maxBytes` together, or the first by itself. */
  countWithin(from: number, to: number, maxBytes: number): number {
    this.#places ??= this.#find();
    const start = this.#places[from] as number;
    let low = from + 1;
    for (let high = to; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#places[middle] as number) - start <= maxBytes) low = middle;
      else high = middle - 1;
    }
    return low - from;
  }

  /** Whether they take less than half of the memory that they keep. */
  get isSmallPart(): boolean {
    return this.#bytes.length * 2 < this.#bytes.buffer.byteLength;
  }

  /** In memory of its own. */
  copy(): PackedEntries {
    return new PackedEntries(Buffer.from(this.#bytes), this.length);
  }

  /** Views. */
  *[Symbol.iterator](): Generator<Buffer, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  #find(): Uint32Array {
    const places = new Uint32Array(this.length + 1);
    let at = LENGTH_BYTES;
    for (let i = 0; i < this.length; i++) {
      places[i] = at;
      at += this.#bytes.readUInt32LE(at - LENGTH_BYTES) + LENGTH_BYTES;
    }
    places[this.length] = at;
    return places;
  }
}
