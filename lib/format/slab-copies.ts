import { markAsUntransferable } from 'node:worker_threads';

/** Copied at once, as Node's own pool has it. */
const SLAB_BYTES = 8192;
/** From here on a part has memory of its own. */
const LONG_BYTES = SLAB_BYTES / 2;

/**
 * Copies of short parts of a source, of which many are made at once: one at a time takes twice as long. For parts that are
 * asked for in their order.
 */
export class SlabCopies {
  readonly #source: Buffer;
  #slab = Buffer.alloc(0);
  /** Where in the source the slab is copied from. */
  #from = 0;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** Of `[start, end)`. It shares memory with its neighbours at most. */
  of(start: number, end: number): Buffer {
    if (end - start >= LONG_BYTES) return Buffer.from(this.#source.subarray(start, end));
    if (start < this.#from || end > this.#from + this.#slab.length) this.#copyFrom(start);
    return this.#slab.subarray(start - this.#from, end - this.#from);
  }

  #copyFrom(start: number): void {
    const part = this.#source.subarray(start, start + SLAB_BYTES);
    this.#slab = Buffer.allocUnsafeSlow(part.length);
    this.#slab.set(part);
    this.#from = start;
    markAsUntransferable(this.#slab.buffer); // whoever transfers one part would take the others along
  }
}
