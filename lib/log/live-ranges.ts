// Which log indices are live. Immutable, so that a cursor can move only once its write has succeeded.
//
// A log is nearly always one range without gaps. Gaps come from a floor raised past the end, or from an append on a prefix
// that is not there.
//
// What this process wrote it knows exactly. Opening does not read the log: of the range that it finds on disk only the two
// ends are known to be live. If the end of that range is cut off, the disk is asked at once for the new highest index, since
// the next append stands on it. If the start is cut off, the disk is asked for the lowest index only once somebody wants to
// know it. Both are right also while writes are on their way: an index of that range is as it was at open, or it is cut off.
//
// There may be thousands of gaps. So all ranges but the last lie in an array that only grows. Older values of the same log
// share it, each up to its own end. So an append costs the same however many gaps there are.

import type { LogIndex } from '../contract/storage.js';

interface LiveRange {
  readonly from: LogIndex;
  /** Exclusive. */
  readonly to: LogIndex;
  /** Which of its indices are certainly live. */
  readonly known: 'all' | 'both ends' | 'last';
}

/** Looks into what lies on disk. */
export interface Probe {
  /** The highest stored index in `[from, to)`. */
  highest(from: LogIndex, to: LogIndex): LogIndex | undefined;
}

/** In order, apart, none empty. */
export class LiveRanges {
  /** The ranges before the last are `[begin, end)` of it; only what lies behind every `end` may be added to. */
  readonly #shared: LiveRange[];
  readonly #begin: number;
  readonly #end: number;
  /** What is left of the range at `begin`, where it has been cut. */
  readonly #first: LiveRange | undefined;
  readonly #last: LiveRange | undefined;
  readonly #count: number;

  private constructor(
    shared: LiveRange[],
    begin: number,
    end: number,
    first: LiveRange | undefined,
    last: LiveRange | undefined,
  ) {
    this.#shared = shared;
    this.#begin = begin;
    this.#end = end;
    this.#first = first;
    this.#last = last;
    this.#count = end - begin + (last === undefined ? 0 : 1);
  }

  /** Nothing is live. */
  static none(): LiveRanges {
    return new LiveRanges([], 0, 0, undefined, undefined);
  }

  /** What opening finds: the lowest and the highest index, and between them it has not looked. */
  static foundAtOpen(lowest: LogIndex, highest: LogIndex): LiveRanges {
    const known = highest - lowest < 2 ? 'all' : 'both ends';
    return new LiveRanges([], 0, 0, undefined, { from: lowest, to: highest + 1, known });
  }

  #at(i: number): LiveRange {
    const place = this.#begin + i;
    if (place >= this.#end) return this.#last as LiveRange;
    return i === 0 && this.#first !== undefined ? this.#first : (this.#shared[place] as LiveRange);
  }

  /** The place of the first range that ends past `idx`. */
  #firstPast(idx: LogIndex): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle).to > idx) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Nothing below it is live; it may be live itself. */
  get start(): LogIndex | undefined {
    return this.#last && this.#at(0).from;
  }

  /** Where the lowest live index is to be looked for, if {@link start} may not be it. It is there. */
  get whereLowestIs(): { from: LogIndex; to: LogIndex } | undefined {
    const first = this.#last && this.#at(0);
    return first?.known === 'last' ? { from: first.from, to: first.to } : undefined;
  }

  get highest(): LogIndex | undefined {
    return this.#last && this.#last.to - 1;
  }

  /** False where an index of `[from, to)` is certainly missing. */
  mayHoldAll(from: LogIndex, to: LogIndex): boolean {
    let next = from;
    for (let i = this.#firstPast(from); next < to; i++) {
      if (i === this.#count || this.#at(i).from > next) return false;
      next = this.#at(i).to;
    }
    return true;
  }

  /** The parts of `[from, to)` that can hold entries. */
  within(from: LogIndex, to: LogIndex): { from: LogIndex; to: LogIndex }[] {
    const parts: { from: LogIndex; to: LogIndex }[] = [];
    for (let i = this.#firstPast(from); i < this.#count && this.#at(i).from < to; i++) {
      const range = this.#at(i);
      parts.push({ from: Math.max(range.from, from), to: Math.min(range.to, to) });
    }
    return parts.filter((part) => part.from < part.to);
  }

  /** With `[from, from + count)`, which lies past everything live. */
  append(from: LogIndex, count: number): LiveRanges {
    if (count === 0) return this;
    const last = this.#last;
    const to = from + count;
    if (last === undefined) return new LiveRanges([], 0, 0, undefined, { from, to, known: 'all' });
    if (last.known === 'all' && last.to === from) return this.#endingWith({ from: last.from, to, known: 'all' });
    return this.#add({ from, to, known: 'all' });
  }

  #endingWith(last: LiveRange): LiveRanges {
    return new LiveRanges(this.#shared, this.#begin, this.#end, this.#first, last);
  }

  /** With one range more, which becomes the last. */
  #add(range: LiveRange): LiveRanges {
    const last = this.#last as LiveRange;
    const isMostlyGone = this.#begin > this.#count;
    if (this.#shared.length === this.#end && !isMostlyGone) {
      this.#shared.push(last);
      return new LiveRanges(this.#shared, this.#begin, this.#end + 1, this.#first, range);
    }
    // Others see what comes behind `end`, or most of it has been trimmed: from here on it is an array of its own.
    const own = Array.from({ length: this.#count }, (_, i) => this.#at(i));
    return new LiveRanges(own, 0, own.length, undefined, range);
  }

  /** Without everything at or past `from`. */
  truncate(from: LogIndex, probe: Probe): LiveRanges {
    const kept = this.#firstPast(from); // those that end at `from` or before it
    const cutOne = kept < this.#count ? this.#at(kept) : undefined;
    if (cutOne === undefined) return this;
    if (cutOne.from < from) {
      const highest = cutOne.known === 'all' ? from - 1 : probe.highest(cutOne.from, from);
      if (highest !== undefined) {
        const left = cut(cutOne, cutOne.from, highest + 1, cutOne.known);
        return this.#upTo(kept, left);
      }
    }
    return kept === 0 ? LiveRanges.none() : this.#upTo(kept - 1, this.#at(kept - 1));
  }

  /** The first `count` ranges, and then `last`. */
  #upTo(count: number, last: LiveRange): LiveRanges {
    const first = count === 0 ? undefined : this.#first;
    return new LiveRanges(this.#shared, this.#begin, this.#begin + count, first, last);
  }

  /** Without everything below `to`. */
  trim(to: LogIndex): LiveRanges {
    const gone = this.#firstPast(to);
    if (gone === this.#count) return gone === 0 ? this : LiveRanges.none();
    const first = this.#at(gone);
    if (gone === 0 && first.from >= to) return this;
    const left = first.from >= to ? first : cut(first, to, first.to, 'last');
    const begin = this.#begin + gone;
    if (begin >= this.#end) return new LiveRanges([], 0, 0, undefined, left);
    return new LiveRanges(this.#shared, begin, this.#end, left === this.#shared[begin] ? undefined : left, this.#last);
  }
}

/** What is left of `range`; `known` where not all of it was. */
function cut(range: LiveRange, from: LogIndex, to: LogIndex, known: LiveRange['known']): LiveRange {
  return { from, to, known: range.known === 'all' || to - from === 1 ? 'all' : known };
}
