import { markAsUntransferable } from 'node:worker_threads';
import type { PackedRows } from '../../binding/packed-rows.js';
import { checkVersion, VERSION_BYTES } from '../format/values.js';

/** Copied at once, as Node's own pool has it. */
const SLAB_BYTES = 8192;
/** From here on a value has memory of its own. */
const LONG_BYTES = SLAB_BYTES / 2;

/**
 * The values of rows as they are, for a codec of bytes: each a copy of its own, of which many are made at once. To copy one at
 * a time takes twice as long.
 */
export class RawValues {
  readonly #rows: PackedRows;
  #slab = Buffer.alloc(0);
  /** Where in the rows the slab is copied from. */
  #from = 0;

  constructor(rows: PackedRows) {
    this.#rows = rows;
  }

  /** @throws StorageError CODEC */
  at(row: number): Buffer {
    const { bytes } = this.#rows;
    const start = this.#rows.keyEnd(row);
    const end = this.#rows.valueEnd(row);
    checkVersion(bytes, start, end, () => this.#rows.key(row));
    if (end - start >= LONG_BYTES) return Buffer.from(bytes.subarray(start + VERSION_BYTES, end));
    if (start < this.#from || end > this.#from + this.#slab.length) this.#copyFrom(start);
    return this.#slab.subarray(start + VERSION_BYTES - this.#from, end - this.#from);
  }

  #copyFrom(start: number): void {
    const part = this.#rows.bytes.subarray(start, start + SLAB_BYTES);
    this.#slab = Buffer.allocUnsafeSlow(part.length);
    this.#slab.set(part);
    this.#from = start;
    markAsUntransferable(this.#slab.buffer); // whoever transfers one value would take the others along
  }
}
