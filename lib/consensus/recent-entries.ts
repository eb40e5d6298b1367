// The end of the log, in memory: what readers of decided entries want is mostly here.

import type { LogIndex, StorageOp } from '../contract/storage.js';

const MAX_ENTRIES = 4096;
const MAX_BYTES = 8 * 1024 * 1024;

export class RecentEntries {
  /** Of the first entry in memory. */
  #base: LogIndex;
  #entries: Buffer[] = [];
  #bytes = 0;

  /** `end` is where the log ends. */
  constructor(end: LogIndex) {
    this.#base = end;
  }

  /** What a step has done to the log. */
  apply(ops: readonly StorageOp<Buffer, Buffer>[]): void {
    for (const op of ops) {
      if (op.type === 'appendEntry') this.#append([op.entry]);
      else if (op.type === 'appendEntries') this.#append(op.entries);
      else if (op.type === 'appendOnPrefix') {
        this.#cut(op.fromIdx);
        this.#append(op.entries);
      }
    }
  }

  /** Entries from `from` on, at most `most` of them and none at or past `to`; undefined where `from` is not in memory. */
  from(from: LogIndex, to: LogIndex, most: number): Buffer[] | undefined {
    if (from < this.#base) return undefined;
    const start = from - this.#base;
    return this.#entries.slice(start, Math.min(to - this.#base, start + most));
  }

  #cut(from: LogIndex): void {
    const kept = Math.max(from - this.#base, 0);
    for (const { length } of this.#entries.splice(kept)) this.#bytes -= length;
    if (this.#entries.length === 0) this.#base = from;
  }

  #append(entries: readonly Buffer[]): void {
    for (const entry of entries) {
      this.#entries.push(Buffer.from(entry)); // a view would keep all that came in its step
      this.#bytes += entry.length;
    }
    let gone = 0;
    for (let left = this.#entries.length; left > MAX_ENTRIES || this.#bytes > MAX_BYTES; left--) {
      this.#bytes -= (this.#entries[gone++] as Buffer).length;
    }
    this.#entries.splice(0, gone);
    this.#base += gone;
  }
}
