// For a latency budget: which batch size and window give the most entries a second with their p99 within it.

import { rateInWords, showCount, showTime } from './figures.js';
import type { Choice, PointReport, Recommendation } from './report.js';

/** A larger batch or window must gain more than this, or the smaller one is advised. */
const WORTH_IT = 1.05;

export function recommend(points: readonly PointReport[], budgetMs: number): Recommendation {
  const choices = (groups: readonly string[]) =>
    points.filter((point) => point.groups.some((group) => groups.includes(group))).map(toChoice);
  const all = choices(['batch', 'in-flight', 'batch-in-flight']);
  const best = bestOf(all, budgetMs);
  const blocking = bestOf(choices(['batch']), budgetMs);
  const async = bestOf(choices(['in-flight', 'batch-in-flight']), budgetMs);
  const text = inWords(budgetMs, all, { best, blocking, async });
  return { budgetMs, ...(best && { best }), ...(blocking && { blocking }), ...(async && { async }), text };
}

function toChoice({ id, batch, inFlight, entriesPerSecond, latencyUs }: PointReport): Choice {
  return { id, batch, inFlight, entriesPerSecond: entriesPerSecond.median, p99Us: latencyUs.p99.median };
}

function bestOf(choices: readonly Choice[], budgetMs: number): Choice | undefined {
  const within = choices.filter(({ p99Us }) => p99Us <= budgetMs * 1000);
  const most = Math.max(...within.map(({ entriesPerSecond }) => entriesPerSecond));
  return within
    .filter(({ entriesPerSecond }) => entriesPerSecond * WORTH_IT >= most)
    .sort((a, b) => a.batch * a.inFlight - b.batch * b.inFlight)[0];
}

type Choices = Record<'best' | 'blocking' | 'async', Choice | undefined>;

function inWords(budgetMs: number, all: readonly Choice[], { best, blocking, async }: Choices): string[] {
  const budget = `${budgetMs} ms`;
  const quickest = [...all].sort((a, b) => a.p99Us - b.p99Us)[0];
  if (quickest === undefined) return ['Too little was measured to advise anything.'];
  if (best === undefined) {
    return [
      `Nothing that was measured keeps its p99 within ${budget}: ${inCalls(quickest)} comes closest, with a p99 of ` +
        `${showTime(quickest.p99Us)}. Take a quicker disk, or a larger budget.`,
    ];
  }
  const one = all.find(({ batch, inFlight }) => batch === 1 && inFlight === 1);
  const gain =
    one && best.id !== one.id ? `, ${times(best.entriesPerSecond / one.entriesPerSecond)} one at a time` : '';
  const text = [`For a p99 within ${budget}, ${inCalls(best)} gives the most: ${rateInWords(best)}${gain}.`];
  if (blocking && blocking.id !== best.id) {
    text.push(`Where calls may block, ${inCalls(blocking)} gives the most: ${rateInWords(blocking)}.`);
  }
  if (async && async.id !== best.id) {
    text.push(`Where the event loop must not wait, ${inCalls(async)} gives the most: ${rateInWords(async)}.`);
  }
  return text;
}

function inCalls({ id, batch, inFlight }: Choice): string {
  const entries = batch === 1 ? 'appendEntry' : `appendEntries of ${showCount(batch)}`;
  if (!id.startsWith('async')) return `RocksdbStorage with ${entries}`;
  if (inFlight === 1) return `AsyncRocksdbStorage with ${entries}, one at a time,`;
  return `AsyncRocksdbStorage with ${showCount(inFlight)} × ${entries} in flight`;
}

function times(ratio: number): string {
  return `${new Intl.NumberFormat('en', { maximumSignificantDigits: 2 }).format(ratio)} times`;
}
