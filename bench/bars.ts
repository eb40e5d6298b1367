// The speed that this project claims. Each bar compares two turns. Its figure is a median of ratios, one from each round: the
// two turns of a round were measured within seconds of each other.

import type { Results } from './rounds.js';
import { type Summary, summarize } from './shared/summary.js';
import { figureOf, TURNS, type TurnName } from './turns.js';

type Bound = { atMost: number } | { atLeast: number } | { below: number };

interface Bar {
  title: string;
  of: TurnName;
  /** The figure of `of` is divided by that of the best of these. Where there is none, it stands alone. */
  against: readonly TurnName[];
  bound: Bound;
  unit?: string;
}

const BARS: readonly Bar[] = [
  {
    title: 'appendEntry, one after another: p50 ÷ C++',
    of: 'storageOne',
    against: ['baselineOne'],
    bound: { atMost: 1.15 },
  },
  {
    title: 'same ÷ fastest Node peer',
    of: 'storageOne',
    against: ['nodeRocksdbOne', 'classicLevelOne', 'lmdbOne'],
    bound: { atMost: 0.7 },
  },
  { title: 'async, 64 in flight: entries/s ÷ lmdb', of: 'async64', against: ['lmdb64'], bound: { atLeast: 1.3 } },
  { title: 'same ÷ classic-level', of: 'async64', against: ['classicLevel64'], bound: { atLeast: 10 } },
  { title: 'same ÷ C++ in batches of 64', of: 'async64', against: ['baselineBatch64'], bound: { atLeast: 0.4 } },
  {
    title: 'async, 1,024 in flight: entries/s ÷ 64 in flight',
    of: 'async1024',
    against: ['async64'],
    bound: { atLeast: 1.3 },
  },
  {
    title: 'async, one at a time: p50 ÷ blocking',
    of: 'asyncOne',
    against: ['storageOne'],
    bound: { atMost: 1.5 },
  },
  {
    title: 'appendEntries of 1,000 raw: entries/s ÷ C++',
    of: 'storageBatch1000',
    against: ['baselineBatch1000'],
    bound: { atLeast: 0.6 },
  },
  {
    title: 'appendEntries of 1,000 objects: entries/s ÷ msgpackr alone',
    of: 'objectsBatch1000',
    against: ['msgpackrAlone'],
    bound: { atLeast: 0.4 },
  },
  {
    title: 'same, async, 4 batches in flight',
    of: 'asyncObjectsBatch1000',
    against: ['msgpackrAlone'],
    bound: { atLeast: 0.4 },
  },
  {
    title: "getEntries of 10,000 raw: entries/s ÷ node-rocksdb's iterator",
    of: 'storageRead',
    against: ['nodeRocksdbRead'],
    bound: { atLeast: 8 },
  },
  {
    title: 'same, msgpackr objects, decoded by both',
    of: 'objectsRead',
    against: ['nodeRocksdbReadObjects'],
    bound: { atLeast: 4 },
  },
  {
    title: 'event-loop delay p99, 64 in flight on a slow disk',
    of: 'slowDisk64',
    against: [],
    bound: { below: 5 },
    unit: 'ms',
  },
];

export interface Verdict {
  title: string;
  required: string;
  of: TurnName;
  /** The turn that `of` was divided by. */
  against?: TurnName;
  figure?: Summary;
  unit?: string;
  holds?: boolean;
  /** Why there is no figure. */
  skipped?: string;
}

export function judge(results: Results): Verdict[] {
  return BARS.map((bar) => judgeBar(bar, results));
}

function judgeBar({ title, of, against, bound, unit }: Bar, results: Results): Verdict {
  const verdict: Verdict = { title, required: showBound(bound, unit), of };
  if (unit !== undefined) verdict.unit = unit;
  for (const turn of [of, ...against]) {
    const reason = results.absent[TURNS[turn].contestant];
    if (reason !== undefined) return { ...verdict, skipped: reason };
  }
  const figures = figuresOf(of, results);
  const rival = bestOf(against, results);
  if (rival !== undefined) verdict.against = rival;
  const rivals = rival && figuresOf(rival, results);
  const figure = summarize(rivals ? figures.map((value, round) => value / (rivals[round] as number)) : figures);
  return { ...verdict, figure, holds: isWithin(figure.median, bound) };
}

function figuresOf(turn: TurnName, results: Results): number[] {
  return (results.samples[turn] ?? []).map((sample) => figureOf(turn, sample));
}

function bestOf(turns: readonly TurnName[], results: Results): TurnName | undefined {
  const byMedian = turns
    .map((turn) => ({ turn, median: summarize(figuresOf(turn, results)).median }))
    .sort((a, b) => a.median - b.median);
  const highestIsBest = byMedian[0] !== undefined && TURNS[byMedian[0].turn].figure === 'rate';
  return byMedian.at(highestIsBest ? -1 : 0)?.turn;
}

function isWithin(value: number, bound: Bound): boolean {
  if ('atMost' in bound) return value <= bound.atMost;
  if ('below' in bound) return value < bound.below;
  return value >= bound.atLeast;
}

function showBound(bound: Bound, unit: string | undefined): string {
  const shown = 'atMost' in bound ? `≤ ${bound.atMost}` : 'below' in bound ? `< ${bound.below}` : `≥ ${bound.atLeast}`;
  return unit === undefined ? shown : `${shown} ${unit}`;
}
