import type { LogIndex } from '../contract/storage.js';

const CHUNK = 1024;

/** Records by log index, which may have gaps of any length. Most lie side by side: they share an array. */
export class IndexedRecords<V> {
  /** By the index of their first record, divided by {@link CHUNK}; none is empty. */
  readonly #chunks = new Map<number, Chunk<V>>();

  get(idx: LogIndex): V | undefined {
    return this.#chunks.get(Math.floor(idx / CHUNK))?.records[idx % CHUNK];
  }

  /** `value` at each of `[from, to)`. */
  fill(from: LogIndex, to: LogIndex, value: V): void {
    for (let idx = from; idx < to; ) {
      const number = Math.floor(idx / CHUNK);
      let chunk = this.#chunks.get(number);
      if (chunk === undefined) {
        chunk = new Chunk();
        this.#chunks.set(number, chunk);
      }
      const end = Math.min(to, (number + 1) * CHUNK);
      chunk.fill(idx % CHUNK, end - number * CHUNK, value);
      idx = end;
    }
  }

  remove(from: LogIndex, to: LogIndex): void {
    for (const number of this.#numbers(from, to)) {
      const start = number * CHUNK;
      const chunk = this.#chunks.get(number) as Chunk<V>;
      chunk.remove(Math.max(0, from - start), Math.min(CHUNK, to - start));
      if (chunk.count === 0) this.#chunks.delete(number);
    }
  }

  /** What there is in `[from, to)`, in order. */
  *indices(from: LogIndex, to: LogIndex): Generator<LogIndex, void, undefined> {
    for (const number of this.#numbers(from, to)) {
      const start = number * CHUNK;
      const { records } = this.#chunks.get(number) as Chunk<V>;
      for (let i = Math.max(0, from - start); i < Math.min(CHUNK, to - start); i++) {
        if (records[i] !== undefined) yield start + i;
      }
    }
  }

  /** Of the chunks that `[from, to)` touches, in order. */
  #numbers(from: LogIndex, to: LogIndex): number[] {
    const first = Math.floor(from / CHUNK);
    const end = Math.ceil(to / CHUNK);
    if (end - first > this.#chunks.size) {
      // A gap may be longer than anybody could count through.
      return [...this.#chunks.keys()].filter((number) => number >= first && number < end).sort((a, b) => a - b);
    }
    return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i).filter((number) =>
      this.#chunks.has(number),
    );
  }
}

class Chunk<V> {
  readonly records: (V | undefined)[] = Array(CHUNK).fill(undefined);
  count = 0;

  fill(from: number, to: number, value: V): void {
    this.#setAll(from, to, value);
    this.count += to - from;
  }

  remove(from: number, to: number): void {
    this.#setAll(from, to, undefined);
  }

  #setAll(from: number, to: number, value: V | undefined): void {
    for (let i = from; i < to; i++) if (this.records[i] !== undefined) this.count--;
    this.records.fill(value, from, to);
  }
}
