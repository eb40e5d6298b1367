// What a person reads at the end of a run.

import { Table } from 'console-table-printer';
import { quantile } from 'simple-statistics';
import type { Verdict } from './bars.js';
import type { Environment } from './shared/environment.js';
import { showWriteCache } from './shared/file-system.js';
import type { TurnSample } from './shared/lineup.js';
import { summarize } from './shared/summary.js';
import { type FigureKind, figureOf, type Results, type Suite, turnOf } from './suite.js';

const UNITS: Record<FigureKind, string> = {
  latency: ' µs',
  rate: '/s',
  'loop-delay': ' ms',
  'leader-changes': '',
  pause: ' ms',
};
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export function printReport(
  suite: Suite,
  environment: Environment,
  results: Results,
  verdicts: readonly Verdict[],
  warnings: readonly string[],
): void {
  printMeasured(suite, results);
  printBars(suite, verdicts);
  for (const line of [...describe(environment, results), ...warnings.map((warning) => `Warning: ${warning}`)]) {
    console.log(line);
  }
}

function printMeasured(suite: Suite, results: Results): void {
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: 'who', title: 'measured', alignment: 'left' },
      { name: 'what', title: '', alignment: 'left' },
      { name: 'median', title: 'median', alignment: 'right' },
      { name: 'range', title: 'lowest – highest', alignment: 'right' },
      { name: 'rate', title: 'entries/s', alignment: 'right' },
      { name: 'p50', title: 'p50 of a call', alignment: 'right' },
      { name: 'p99', title: 'p99 of a call', alignment: 'right' },
      { name: 'perFsync', title: 'entries per fsync', alignment: 'right' },
      { name: 'processor', title: 'processor time an entry', alignment: 'right' },
    ],
  });
  for (const turn of Object.keys(suite.turns)) {
    const samples = results.samples[turn];
    if (samples === undefined) continue;
    const { who, what, figure } = turnOf(suite, turn);
    const pauses = samples.flatMap(({ pausesMs = [] }) => pausesMs);
    // Kills are few in a round: all of them make one figure.
    const isOfKills = pauses.length > 0;
    const value = summarize(isOfKills ? pauses : samples.map((sample) => figureOf(figure, sample)));
    const medianOf = (of: (sample: TurnSample) => number) => threeDigits.format(summarize(samples.map(of)).median);
    const p99 = isOfKills
      ? threeDigits.format(quantile(pauses, 0.99) * 1000)
      : medianOf(({ latencyUs }) => latencyUs.p99);
    const processor = samples.flatMap(({ entries, processorUs }) => (processorUs ? [processorUs / entries] : []));
    const perFsync = samples.flatMap(({ entries, fsyncs }) => (fsyncs ? [entries / fsyncs] : []));
    table.addRow({
      who,
      what,
      median: threeDigits.format(value.median) + UNITS[figure],
      range: showRange(value.min, value.max),
      rate: isOfKills ? '' : medianOf((sample) => figureOf('rate', sample)),
      p50: `${isOfKills ? threeDigits.format(value.median * 1000) : medianOf(({ latencyUs }) => latencyUs.p50)} µs`,
      p99: `${p99} µs`,
      perFsync: perFsync.length === 0 ? '' : threeDigits.format(summarize(perFsync).median),
      processor: processor.length === 0 ? '' : `${threeDigits.format(summarize(processor).median)} µs`,
    });
  }
  table.printTable();
}

function printBars(suite: Suite, verdicts: readonly Verdict[]): void {
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: 'title', title: `bar (${suite.barsOf})`, alignment: 'left' },
      { name: 'figure', title: 'figure', alignment: 'right' },
      { name: 'range', title: 'middle half of the rounds', alignment: 'right' },
      { name: 'required', title: 'required', alignment: 'right' },
      { name: 'holds', title: 'holds', alignment: 'left' },
    ],
  });
  for (const { title, against, figure, unit, required, holds, isAim, skipped } of verdicts) {
    const rival = title.includes('fastest') && against ? ` (${turnOf(suite, against).who})` : '';
    table.addRow({
      title: title + rival,
      figure: figure ? threeDigits.format(figure.median) + (unit ? ` ${unit}` : '') : '–',
      range: figure ? showRange(figure.lowerQuartile, figure.upperQuartile) : '',
      required: isAim ? `aim: ${required}` : required,
      holds: skipped ? `skipped: ${skipped}` : holds ? 'yes' : isAim ? 'not yet' : 'NO',
    });
  }
  table.printTable();
}

function showRange(from: number, to: number): string {
  return `${threeDigits.format(from)} – ${threeDigits.format(to)}`;
}

function describe({ cpu, cpus, system, node, folder, fileSystem }: Environment, results: Results): string[] {
  const disk = fileSystem
    ? `${fileSystem.type} on ${fileSystem.device} (${fileSystem.mountOptions}; write cache: ${showWriteCache(fileSystem.disks)})`
    : 'an unknown file system';
  const contestants = new Map(
    Object.values(results.contestants).map(({ version, durability }) => [version, durability] as const),
  );
  return [
    `${cpus} × ${cpu}, ${system}, Node ${node}`,
    `${folder}: ${disk}`,
    ...[...contestants].map(([version, durability]) => `${version}: ${durability}`),
  ];
}
