import { markAsUntransferable } from 'node:worker_threads';

/** Copied at once, as Node's own pool has it. */
const SLAB_BYTES = 8192;
/** From here on a part has memory of its own. */
const LONG_BYTES = SLAB_BYTES / 2;

type BufferOf = (memory: ArrayBuffer, start: number, length: number) => Buffer;
const bufferOf = quickest();

/**
 * Copies of short parts of a source, of which many are made at once: one at a time takes twice as long. For parts that are
 * asked for in their order.
 */
export class SlabCopies {
  readonly #source: Buffer;
  #slab = new ArrayBuffer(0);
  /** Where in the source the slab is copied from. */
  #from = 0;
  #end = 0;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** Of `[start, end)`. It shares memory with its neighbours at most. */
  of(start: number, end: number): Buffer {
    if (end - start >= LONG_BYTES) return Buffer.from(this.#source.subarray(start, end));
    if (start < this.#from || end > this.#end) this.#copyFrom(start);
    return bufferOf(this.#slab, start - this.#from, end - start);
  }

  #copyFrom(start: number): void {
    const part = this.#source.subarray(start, start + SLAB_BYTES);
    const slab = Buffer.allocUnsafeSlow(part.length);
    slab.set(part);
    this.#slab = slab.buffer as ArrayBuffer;
    this.#from = start;
    this.#end = start + part.length;
    markAsUntransferable(this.#slab); // whoever transfers one part would take the others along
  }
}

/** The class that Node itself makes Buffers with is its species: without the checks of `Buffer.from`, twice as quick. */
function quickest(): BufferOf {
  const species = (Buffer as unknown as { [Symbol.species]?: unknown })[Symbol.species];
  if (typeof species !== 'function' || species === Buffer || species.prototype !== Buffer.prototype) return Buffer.from;
  const Species = species as new (...args: Parameters<BufferOf>) => Buffer;
  return (memory, start, length) => new Species(memory, start, length);
}
