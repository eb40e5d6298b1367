// The end of the log, in memory: what readers of decided entries want is mostly here.

import Denque from 'denque';
import type { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import type { EngineOp } from './packed-step.js';

const MAX_ENTRIES = 4096;
const MAX_BYTES = 8 * 1024 * 1024;

/** What one operation wrote, or what is left of it. */
interface Run {
  from: LogIndex;
  entries: PackedEntries;
}

export class RecentEntries {
  /** Without a gap, none of them empty; the last ends at {@link #end}. */
  readonly #runs = new Denque<Run>();
  #end: LogIndex;
  #bytes = 0;

  /** `end` is where the log ends. */
  constructor(end: LogIndex) {
    this.#end = end;
  }

  /** What a step has done to the log. */
  apply(ops: readonly EngineOp[]): void {
    for (const op of ops) {
      if (op.type === 'appendOnPrefix') this.#cut(op.fromIdx);
      if (op.type === 'appendEntries' || op.type === 'appendOnPrefix') this.#append(op.entries);
    }
  }

  /**
   * Some entries of `[from, to)` from its start on, of about `maxBytes`, and one at the least; undefined where the first is
   * not in memory.
   */
  from(from: LogIndex, to: LogIndex, maxBytes: number): PackedEntries | undefined {
    const run = this.#runWith(from);
    if (run === undefined) return undefined;
    const { entries } = run;
    const first = from - run.from;
    const count = entries.countWithin(first, Math.min(to - run.from, entries.length), maxBytes);
    return entries.part(first, first + count);
  }

  #runWith(index: LogIndex): Run | undefined {
    if (index >= this.#end || index < (this.#runs.peekFront()?.from ?? this.#end)) return undefined;
    let low = 0;
    for (let high = this.#runs.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#runs.peekAt(middle) as Run).from <= index) low = middle;
      else high = middle - 1;
    }
    return this.#runs.peekAt(low);
  }

  #cut(from: LogIndex): void {
    if (from > this.#end) this.#clear(); // a state has taken the place of all that was here
    while (this.#end > from && this.#runs.length > 0) {
      const last = this.#runs.pop() as Run;
      this.#bytes -= last.entries.byteLength;
      this.#end = last.from;
      if (last.from < from) this.#append(last.entries.part(0, from - last.from));
    }
    this.#end = from;
  }

  #append(entries: PackedEntries): void {
    if (entries.length === 0) return;
    this.#runs.push({ from: this.#end, entries });
    this.#end += entries.length;
    this.#bytes += entries.byteLength;
    while (this.#runs.length > 1 && this.#isTooMuch((this.#runs.peekFront() as Run).from)) {
      this.#bytes -= (this.#runs.shift() as Run).entries.byteLength;
    }
  }

  #clear(): void {
    this.#runs.clear();
    this.#bytes = 0;
  }

  #isTooMuch(from: LogIndex): boolean {
    return this.#end - from > MAX_ENTRIES || this.#bytes > MAX_BYTES;
  }
}
