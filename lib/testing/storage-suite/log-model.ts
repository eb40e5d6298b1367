// The storage contract in its plainest form: a Map of what is live, and fields. It shares no code with the storages.

import type { Ballot, StopSign, StorageOp } from '../../contract/storage.js';

const MAX_INDEX = 2 ** 53 - 1;

export class LogModel<T, S> {
  #entries = new Map<number, T>();
  #promise: Ballot | undefined;
  #acceptedRound: Ballot | undefined;
  #decidedIdx = 0;
  #compactedIdx = 0;
  #stopsign: StopSign | undefined;
  #snapshot: S | undefined;

  /** Does all of `ops`, or, where an append would pass the last index, nothing; returns whether it did. */
  write(ops: readonly StorageOp<T, S>[]): boolean {
    const tried = this.#copy();
    if (!ops.every((op) => tried.#apply(op))) return false;
    this.#become(tried);
    return true;
  }

  /** As `compact` does; false where it must be refused. */
  compact(idx: number, snapshot: S | undefined): boolean {
    if (idx < this.#compactedIdx || idx > this.next || idx > this.#decidedIdx) return false;
    if (snapshot !== undefined) this.#snapshot = snapshot;
    return this.write([
      { type: 'trim', idx },
      { type: 'setCompactedIdx', idx },
    ]);
  }

  #copy(): LogModel<T, S> {
    const copy = new LogModel<T, S>();
    copy.#become(this);
    return copy;
  }

  #become(other: LogModel<T, S>): void {
    this.#entries = new Map(other.#entries);
    this.#promise = other.#promise;
    this.#acceptedRound = other.#acceptedRound;
    this.#decidedIdx = other.#decidedIdx;
    this.#compactedIdx = other.#compactedIdx;
    this.#stopsign = other.#stopsign;
    this.#snapshot = other.#snapshot;
  }

  #apply(op: StorageOp<T, S>): boolean {
    switch (op.type) {
      case 'appendEntry':
        return this.#put(this.next, [op.entry]);
      case 'appendEntries':
        return this.#put(this.next, op.entries);
      case 'appendOnPrefix':
        for (const idx of this.indices) if (idx >= op.fromIdx) this.#entries.delete(idx);
        return this.#put(op.fromIdx, op.entries);
      case 'trim':
        for (const idx of this.indices) if (idx < op.idx) this.#entries.delete(idx);
        return true;
      case 'setCompactedIdx':
        this.#compactedIdx = op.idx;
        return true;
      case 'setDecidedIdx':
        this.#decidedIdx = op.idx;
        return true;
      case 'setPromise':
        this.#promise = op.ballot;
        return true;
      case 'setAcceptedRound':
        this.#acceptedRound = op.ballot;
        return true;
      case 'setStopsign':
        this.#stopsign = op.stopsign;
        return true;
      case 'setSnapshot':
        this.#snapshot = op.snapshot;
        return true;
    }
  }

  #put(from: number, entries: readonly T[]): boolean {
    if (entries.length > 0 && from > MAX_INDEX - entries.length) return false;
    entries.forEach((entry, i) => {
      this.#entries.set(from + i, entry);
    });
    return true;
  }

  /** What is live, in order. */
  get indices(): number[] {
    return [...this.#entries.keys()].sort((a, b) => a - b);
  }

  get next(): number {
    return Math.max((this.indices.at(-1) ?? -1) + 1, this.#compactedIdx);
  }

  entries(from: number, to: number): T[] {
    const found: T[] = [];
    for (let idx = from; idx < to; idx++) {
      if (!this.#entries.has(idx)) return [];
      found.push(this.#entries.get(idx) as T);
    }
    return found;
  }

  suffix(from: number): T[] {
    return this.indices.filter((idx) => idx >= from).map((idx) => this.#entries.get(idx) as T);
  }

  get indexed(): { index: number; entry: T }[] {
    return this.indices.map((index) => ({ index, entry: this.#entries.get(index) as T }));
  }

  /** As `observe` sees a storage. */
  get observed() {
    return {
      bounds: { first: this.indices[0] ?? this.next, next: this.next },
      entries: this.suffix(0),
      logLen: Math.max(0, this.next - this.#compactedIdx),
      promise: this.#promise,
      acceptedRound: this.#acceptedRound,
      decidedIdx: this.#decidedIdx,
      compactedIdx: this.#compactedIdx,
      stopsign: this.#stopsign,
      snapshot: this.#snapshot,
    };
  }

  /** Indices about which a storage may be wrong: the floor, the ends, and the edges of every gap; at most `count`. */
  edges(count: number): number[] {
    const { indices } = this;
    const edges = indices.flatMap((idx) => [
      ...(this.#entries.has(idx - 1) ? [] : [idx]),
      ...(this.#entries.has(idx + 1) ? [] : [idx + 1]),
    ]);
    const all = [...new Set([this.#compactedIdx, ...edges, this.next])];
    return [...all.slice(0, count - 1), this.next];
  }
}
