import type { LogIndex } from '../contract/storage.js';

/** Indices `[from, to)`. */
export interface IndexRun {
  from: LogIndex;
  to: LogIndex;
}

/** Adds `idx`, which lies behind all of `runs`. `isAlike`: whether it may join the last. */
export function addIndex<R extends IndexRun>(runs: R[], run: R, isAlike: (last: R) => boolean = () => true): void {
  const last = runs.at(-1);
  if (last !== undefined && last.to === run.from && isAlike(last)) last.to = run.to;
  else runs.push(run);
}

/** What of `[from, to)` is in none of `runs`, which are in order. */
export function outside(runs: readonly IndexRun[], from: LogIndex, to: LogIndex): IndexRun[] {
  const gaps: IndexRun[] = [];
  let next = from;
  for (const run of runs) {
    if (run.to <= next) continue;
    if (run.from >= to) break;
    if (run.from > next) gaps.push({ from: next, to: run.from });
    next = run.to;
  }
  if (next < to) gaps.push({ from: next, to });
  return gaps;
}
