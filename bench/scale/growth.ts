// Whether anything grows with what is past. Of the part of a life that begins once every WAL and memtable has come round, the
// second half is compared with the first.

import { max, median } from 'simple-statistics';
import type { Life } from './life.js';
import type { Point } from './point.js';

export interface Growth {
  what: string;
  /** The second half ÷ the first. Undefined where the life was too short to tell. */
  figure?: number;
  required: string;
  holds?: boolean;
}

/** By then each log has filled its WALs and memtables several times, whatever their sizes are. */
const SETTLED_BYTES = 512 * 2 ** 20;
/** Beside the bytes of an entry. */
const ENTRY_OVERHEAD = 20;
const FEWEST_POINTS = 8;

type Of = (point: Point) => number | undefined;

/** A bounded quantity is at its peak in either half: it goes up and down with flushes and compactions. */
const PEAKS: readonly [what: string, of: Of, atMost: number][] = [
  ['disk space', ({ diskBytes }) => diskBytes, 1.5],
  ['files', ({ files }) => files, 1.5],
  ['rows in SST files', ({ rowsInFiles }) => rowsInFiles, 1.5],
  ['MANIFEST', ({ manifestBytes }) => manifestBytes, 1.5],
  ['reads and writes of reopening', ({ reopenCalls }) => reopenCalls, 1.5],
  ['resident memory', ({ residentBytes }) => residentBytes, 1.25],
];
/** Times are noisy: their medians. */
const TIMES: readonly [what: string, of: Of, atMost: number][] = [
  ['p99 of an append', ({ p99Us }) => p99Us, 1.5],
  ['time of an entry', ({ entriesPerSecond }) => 1 / entriesPerSecond, 1.5],
  ['reading the oldest entries', ({ readOldestUs }) => readOldestUs, 1.5],
  ['reading the newest entries', ({ readNewestUs }) => readNewestUs, 1.5],
  ['reopening', ({ reopenMs }) => reopenMs, 1.5],
];

export function growthOf(life: Life, points: readonly Point[]): Growth[] {
  const settled = points.filter(({ entries }) => entries * (life.entryBytes + ENTRY_OVERHEAD) >= SETTLED_BYTES);
  const half = Math.floor(settled.length / 2);
  const [first, second] = [settled.slice(0, half), settled.slice(half)];
  const judge = (summarize: (figures: number[]) => number) => {
    return ([what, of, atMost]: readonly [string, Of, number]): Growth => {
      const growth = { what, required: `≤ ${atMost}` };
      const figures = [first, second].map((part) => part.map(of).filter((figure) => figure !== undefined));
      if (settled.length < FEWEST_POINTS || figures.some(({ length }) => length === 0)) return growth;
      const [before, after] = figures.map(summarize) as [number, number];
      return { ...growth, figure: after / before, holds: after <= before * atMost };
    };
  };
  return [...PEAKS.map(judge(max)), ...TIMES.map(judge(median))];
}
