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
  #view: DataView | undefined;
  /** Where each entry begins, and where the next one's length does; made when one is first asked for by its place. */
  #places: Uint32Array | undefined;

  /** `bytes` have been checked, or packed right. */
  constructor(bytes: Buffer, length: number) {
    this.#bytes = bytes;
    this.length = length;
  }

  /** Those of all `parts`, one behind the other. */
  static concat(parts: readonly PackedEntries[]): PackedEntries {
    if (parts.length === 1) return parts[0] as PackedEntries;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return new PackedEntries(Buffer.concat(parts.map(({ bytes }) => bytes)), length);
  }

  /** Whether `value` is one, and not an imitation. */
  static is(value: unknown): value is PackedEntries {
    return typeof value === 'object' && value !== null && #bytes in value;
  }

  /** As they lie. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** A view of {@link bytes}: it reads an integer in one step, a Buffer in four. */
  get view(): DataView {
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#view;
  }

  /** Of the entries alone. */
  get byteLength(): number {
    return this.#bytes.length - this.length * LENGTH_BYTES;
  }

  /** Where the entry at place `i` begins in {@link bytes}. */
  startOf(i: number): number {
    return this.starts[i] as number;
  }

  endOf(i: number): number {
    return this.startOf(i + 1) - LENGTH_BYTES;
  }

  /** Where each entry begins in {@link bytes}, and behind the last where one more would. */
  get starts(): Uint32Array {
    this.#places ??= this.#find();
    return this.#places;
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
    const places = this.starts;
    const start = places[from] as number;
    let low = from + 1;
    for (let high = to; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if ((places[middle] as number) - start <= maxBytes) low = middle;
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
    const bytes = Buffer.allocUnsafeSlow(this.#bytes.length);
    bytes.set(this.#bytes);
    return new PackedEntries(bytes, this.length);
  }

  /** Views. */
  *[Symbol.iterator](): Generator<Buffer, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  #find(): Uint32Array {
    const places = new Uint32Array(this.length + 1);
    const { view } = this;
    let at = LENGTH_BYTES;
    for (let i = 0; i < this.length; i++) {
      places[i] = at;
      at += view.getUint32(at - LENGTH_BYTES, true) + LENGTH_BYTES;
    }
    places[this.length] = at;
    return places;
  }
}
