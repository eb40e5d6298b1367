/** A key and its value. All rows of one read share its memory: copy what you keep for long. */
export interface Row {
  /** A view of the memory of the read. */
  key: Buffer;
  /** A view of the memory of the read. */
  value: Buffer;
}

/** @internal The rows of one range read, in the one buffer they came in. native/core/packed_rows.h has its layout. */
export class PackedRows {
  readonly count: number;
  /** All rows, one behind the other; the ends below are places in it. */
  readonly bytes: Buffer;
  readonly #ends: Uint32Array;

  constructor(bytes: Buffer) {
    const last = bytes.length - 4;
    const aligned = (bytes.byteOffset + last) % 4 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
    this.count = new Uint32Array(aligned.buffer, aligned.byteOffset + last, 1)[0] as number;
    this.#ends = new Uint32Array(aligned.buffer, aligned.byteOffset + last - this.count * 8, this.count * 2);
    this.bytes = aligned;
  }

  keyStart(row: number): number {
    return row === 0 ? 0 : (this.#ends[row * 2 - 1] as number);
  }

  /** Where the key ends, and the value begins. */
  keyEnd(row: number): number {
    return this.#ends[row * 2] as number;
  }

  valueEnd(row: number): number {
    return this.#ends[row * 2 + 1] as number;
  }

  /** A view, as every row is: see {@link Row}. */
  key(row: number): Buffer {
    return this.bytes.subarray(this.keyStart(row), this.keyEnd(row));
  }

  value(row: number): Buffer {
    return this.bytes.subarray(this.keyEnd(row), this.valueEnd(row));
  }

  /** Bytes of all keys and values. */
  get byteLength(): number {
    return this.#ends.at(-1) ?? 0;
  }

  rows(): Row[] {
    return Array.from({ length: this.count }, (_, row) => ({ key: this.key(row), value: this.value(row) }));
  }
}
