// What changed from one run to another. A change counts where the repeats of the two runs do not overlap: each repeat of one
// run is above each of the other.

import { isDeepStrictEqual } from 'node:util';
import { Table } from 'console-table-printer';
import { PEER_NAMES } from '../shared/peers/index.js';
import type { Summary } from '../shared/summary.js';
import { showRate, showShare, showTime } from './figures.js';
import { FEWEST_REPEATS, noiseOf } from './noise.js';
import type { Contestant, PointReport, Report } from './report.js';

export type FigureName = 'p50' | 'p99' | 'rate';

export interface Change {
  point: PointReport;
  figure: FigureName;
  before: Summary;
  after: Summary;
  /** 0.1: a tenth more than before. */
  change: number;
  /** As a share of the median. Undefined where there are too few repeats to tell. */
  noiseBefore: number | undefined;
  noiseAfter: number | undefined;
  exceedsNoise: boolean;
}

const FIGURES: Record<FigureName, (point: PointReport) => Summary> = {
  p50: ({ latencyUs }) => latencyUs.p50,
  p99: ({ latencyUs }) => latencyUs.p99,
  rate: ({ entriesPerSecond }) => entriesPerSecond,
};

/** Of every point that both runs have. */
export function compareReports(a: Report, b: Report): Change[] {
  const before = new Map(a.points.map((point) => [point.id, point]));
  return b.points.flatMap((point) => {
    const earlier = before.get(point.id);
    if (earlier === undefined) return [];
    return (Object.keys(FIGURES) as FigureName[]).map((figure) => compareFigure(earlier, point, figure));
  });
}

function compareFigure(earlier: PointReport, point: PointReport, figure: FigureName): Change {
  const before = FIGURES[figure](earlier);
  const after = FIGURES[figure](point);
  const noiseBefore = earlier.repeats >= FEWEST_REPEATS ? noiseOf(before) : undefined;
  const noiseAfter = point.repeats >= FEWEST_REPEATS ? noiseOf(after) : undefined;
  const apart = after.min > before.max || after.max < before.min;
  return {
    point,
    figure,
    before,
    after,
    change: after.median / before.median - 1,
    noiseBefore,
    noiseAfter,
    exceedsNoise: noiseBefore !== undefined && noiseAfter !== undefined && apart,
  };
}

export function printComparison(a: Report, b: Report): void {
  const changes = compareReports(a, b);
  const right = { alignment: 'right' } as const;
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: 'who', title: 'who', alignment: 'left' },
      { name: 'what', title: 'what', alignment: 'left' },
      { name: 'figure', title: 'figure', alignment: 'left' },
      { name: 'before', title: 'A, its noise', ...right },
      { name: 'after', title: 'B, its noise', ...right },
      { name: 'change', title: 'change', ...right },
      { name: 'verdict', title: 'beyond the noise', alignment: 'left' },
    ],
  });
  for (const { point, figure, before, after, change, noiseBefore, noiseAfter, exceedsNoise } of changes) {
    const show = ({ median }: Summary) => (figure === 'rate' ? showRate(median) : showTime(median));
    const better = figure === 'rate' ? change > 0 : change < 0;
    table.addRow({
      who: point.who,
      what: withSize(point, b),
      figure: figure === 'rate' ? 'entries/s' : figure,
      before: `${show(before)} ± ${showNoise(noiseBefore)}`,
      after: `${show(after)} ± ${showNoise(noiseAfter)}`,
      change: `${change > 0 ? '+' : ''}${showShare(change)}`,
      verdict: exceedsNoise ? (better ? 'better' : 'WORSE') : '',
    });
  }
  if (changes.length > 0) table.printTable();
  for (const line of summaryOf(a, b, changes)) console.log(line);
}

function showNoise(noise: number | undefined): string {
  return noise === undefined ? '?' : showShare(noise);
}

function withSize({ what, entryBytes }: PointReport, { plan }: Report): string {
  return entryBytes === plan.entryBytes[0] ? what : `${what}, ${entryBytes} B`;
}

function summaryOf(a: Report, b: Report, changes: readonly Change[]): string[] {
  const beyond = changes.filter(({ exceedsNoise }) => exceedsNoise).length;
  const inBoth = new Set(changes.map(({ point }) => point.id)).size;
  const alone = a.points.length + b.points.length - 2 * inBoth;
  return [
    `${beyond} of ${changes.length} figures changed beyond the noise: no repeat of A reaches into those of B.`,
    ...(alone > 0 ? [`${alone} points are in one of the runs alone, and not compared.`] : []),
    ...[a, b].flatMap(({ complete, endedBy }, i) => (complete ? [] : [`${'AB'[i]} is incomplete: ${endedBy}.`])),
    ...differencesOf(a, b),
  ];
}

/** How the two runs differ, apart from their figures. */
function differencesOf(a: Report, b: Report): string[] {
  const isPeerOfBoth = ({ name }: Contestant) =>
    (PEER_NAMES as readonly string[]).includes(name) &&
    [a, b].every(({ contestants }) => contestants.some((other) => other.name === name));
  const facts = ({ environment, package: version, rocksdb, plan, contestants }: Report): Record<string, unknown> => {
    const { cpuInUse, folder, ...machine } = environment;
    return {
      ...machine,
      'omnipaxos-rocksdb': version,
      rocksdb,
      ...Object.fromEntries(contestants.filter(isPeerOfBoth).map((peer) => [peer.name, peer.version])),
      durationS: plan.durationS,
      entryBytes: plan.entryBytes[0],
    };
  };
  const [before, after] = [facts(a), facts(b)];
  return Object.keys({ ...before, ...after })
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => `Not the same: ${name} was ${JSON.stringify(before[name])}, is ${JSON.stringify(after[name])}.`);
}
