// Which log indices are live. Immutable, so that a cursor can move only once its write has succeeded.
//
// A log is nearly always one range without gaps. Gaps come from a floor raised past the tail or from an append on a prefix
// that is not there. What this process wrote it knows exactly; of a range found on disk at open only the two ends are
// known to be live, since opening does not read the log. Where its end is cut off, it is probed for the new one, which the
// next append stands on; where its start is, nobody needs to know until somebody asks. That stays correct while writes are
// on their way: an index inside it is either untouched since open, or cut away.

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

export class LiveRanges {
  static readonly NONE = new LiveRanges([]);
  /** In order, apart, none empty. */
  readonly #ranges: readonly LiveRange[];

  private constructor(ranges: readonly LiveRange[]) {
    this.#ranges = ranges;
  }

  /** What opening finds: the lowest and the highest index, and between them it has not looked. */
  static foundAtOpen(lowest: LogIndex, highest: LogIndex): LiveRanges {
    return new LiveRanges([{ from: lowest, to: highest + 1, known: highest - lowest < 2 ? 'all' : 'both ends' }]);
  }

  /** Nothing below it is live; it may be live itself. */
  get start(): LogIndex | undefined {
    return this.#ranges[0]?.from;
  }

  /** Where the lowest live index is to be looked for, if {@link start} may not be it. It is there. */
  get whereLowestIs(): { from: LogIndex; to: LogIndex } | undefined {
    const first = this.#ranges[0];
    return first?.known === 'last' ? { from: first.from, to: first.to } : undefined;
  }

  get highest(): LogIndex | undefined {
    const last = this.#ranges.at(-1);
    return last && last.to - 1;
  }

  /** False where an index of `[from, to)` is certainly missing. */
  mayHoldAll(from: LogIndex, to: LogIndex): boolean {
    let next = from;
    for (const range of this.#ranges) {
      if (range.to <= next) continue;
      if (range.from > next) return false;
      next = range.to;
      if (next >= to) return true;
    }
    return next >= to;
  }

  /** The parts of `[from, to)` that can hold entries. */
  within(from: LogIndex, to: LogIndex): { from: LogIndex; to: LogIndex }[] {
    return this.#ranges
      .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))
      .filter((range) => range.from < range.to);
  }

  /** With `[from, from + count)`, which lies past everything live. */
  append(from: LogIndex, count: number): LiveRanges {
    if (count === 0) return this;
    const last = this.#ranges.at(-1);
    const to = from + count;
    return last?.known === 'all' && last.to === from
      ? new LiveRanges(this.#ranges.with(-1, { from: last.from, to, known: 'all' }))
      : new LiveRanges([...this.#ranges, { from, to, known: 'all' }]);
  }

  /** Without everything at or past `from`. */
  truncate(from: LogIndex, probe: Probe): LiveRanges {
    const kept = this.#ranges.filter((range) => range.from < from);
    const last = kept.at(-1);
    if (last === undefined || last.to <= from) return kept.length === this.#ranges.length ? this : new LiveRanges(kept);
    kept.pop();
    const highest = last.known === 'all' ? from - 1 : probe.highest(last.from, from);
    if (highest !== undefined) kept.push(cut(last, last.from, highest + 1, last.known));
    return new LiveRanges(kept);
  }

  /** Without everything below `to`. */
  trim(to: LogIndex): LiveRanges {
    const kept = this.#ranges.filter((range) => range.to > to);
    const first = kept[0];
    if (first === undefined || first.from >= to)
      return kept.length === this.#ranges.length ? this : new LiveRanges(kept);
    kept[0] = cut(first, to, first.to, 'last');
    return new LiveRanges(kept);
  }
}

/** What is left of `range`; `known` where not all of it was. */
function cut(range: LiveRange, from: LogIndex, to: LogIndex, known: LiveRange['known']): LiveRange {
  return { from, to, known: range.known === 'all' || to - from === 1 ? 'all' : known };
}
