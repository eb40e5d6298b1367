// Whether each bar of a suite holds, by what was measured.

import { type Summary, summarize } from './shared/summary.js';
import { type Bar, type Bound, figureOf, type Results, type Suite, turnOf } from './suite.js';

export interface Verdict {
  title: string;
  required: string;
  of: string;
  /** The turn that `of` was divided by. */
  against?: string;
  figure?: Summary;
  unit?: string;
  holds?: boolean;
  /** It need not hold yet. */
  isAim?: true;
  /** Why there is no figure. */
  skipped?: string;
}

export function judge(suite: Suite, results: Results): Verdict[] {
  return suite.bars.map((bar) => judgeBar(suite, bar, results));
}

function judgeBar(suite: Suite, bar: Bar, results: Results): Verdict {
  const { title, of, against, bound, unit, figure: kind, isAim } = bar;
  const verdict: Verdict = { title, required: showBound(bound, unit), of };
  if (unit !== undefined) verdict.unit = unit;
  if (isAim) verdict.isAim = true;
  for (const turn of [of, ...against]) {
    const reason = results.absent[turnOf(suite, turn).contestant];
    if (reason !== undefined) return { ...verdict, skipped: reason };
  }
  const figures = figuresOf(suite, of, results, kind);
  const rival = bestOf(suite, against, results);
  if (rival !== undefined) verdict.against = rival;
  const rivals = rival && figuresOf(suite, rival, results);
  const figure = summarize(rivals ? figures.map((value, round) => value / (rivals[round] as number)) : figures);
  return { ...verdict, figure, holds: isWithin(figure.median, bound) };
}

function figuresOf(suite: Suite, turn: string, results: Results, kind = turnOf(suite, turn).figure): number[] {
  return (results.samples[turn] ?? []).map((sample) => figureOf(kind, sample));
}

function bestOf(suite: Suite, turns: readonly string[], results: Results): string | undefined {
  const byMedian = turns
    .map((turn) => ({ turn, median: summarize(figuresOf(suite, turn, results)).median }))
    .sort((a, b) => a.median - b.median);
  const highestIsBest = byMedian[0] !== undefined && turnOf(suite, byMedian[0].turn).figure === 'rate';
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
