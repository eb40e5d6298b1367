// What a person reads at the end of a run.

import { Table } from 'console-table-printer';
import type { Verdict } from './bars.js';
import { SLOW_DISK_DELAY_US } from './launches.js';
import type { Results } from './rounds.js';
import type { Environment } from './shared/environment.js';
import { showWriteCache } from './shared/file-system.js';
import { summarize } from './shared/summary.js';
import { figureOf, TURN_NAMES, TURNS, type TurnName } from './turns.js';

const UNITS = { latency: ' µs', rate: '/s', 'loop-delay': ' ms' } as const;
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export function printReport(
  environment: Environment,
  results: Results,
  verdicts: readonly Verdict[],
  warnings: readonly string[],
): void {
  printMeasured(results);
  printBars(verdicts);
  for (const line of [...describe(environment, results), ...warnings.map((warning) => `Warning: ${warning}`)]) {
    console.log(line);
  }
}

function printMeasured(results: Results): void {
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: 'who', title: 'measured', alignment: 'left' },
      { name: 'what', title: '', alignment: 'left' },
      { name: 'median', title: 'median', alignment: 'right' },
      { name: 'range', title: 'lowest – highest', alignment: 'right' },
      { name: 'p99', title: 'p99 of a call', alignment: 'right' },
      { name: 'perFsync', title: 'entries per fsync', alignment: 'right' },
    ],
  });
  for (const turn of TURN_NAMES) {
    const samples = results.samples[turn];
    if (samples === undefined) continue;
    const { who, what, figure } = TURNS[turn];
    const value = summarize(samples.map((sample) => figureOf(turn, sample)));
    const perFsync = samples.flatMap(({ entries, fsyncs }) => (fsyncs ? [entries / fsyncs] : []));
    table.addRow({
      who,
      what,
      median: threeDigits.format(value.median) + UNITS[figure],
      range: showRange(value.min, value.max),
      p99: `${threeDigits.format(summarize(samples.map(({ latencyUs }) => latencyUs.p99)).median)} µs`,
      perFsync: perFsync.length === 0 ? '' : threeDigits.format(summarize(perFsync).median),
    });
  }
  table.printTable();
}

function printBars(verdicts: readonly Verdict[]): void {
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: 'title', title: 'bar (128-byte entries, synced)', alignment: 'left' },
      { name: 'figure', title: 'figure', alignment: 'right' },
      { name: 'range', title: 'middle half of the rounds', alignment: 'right' },
      { name: 'required', title: 'required', alignment: 'right' },
      { name: 'holds', title: 'holds', alignment: 'left' },
    ],
  });
  for (const { title, against, figure, unit, required, holds, skipped } of verdicts) {
    const rival = title.includes('fastest') && against ? ` (${TURNS[against].who})` : '';
    table.addRow({
      title: title + rival,
      figure: figure ? threeDigits.format(figure.median) + (unit ? ` ${unit}` : '') : '–',
      range: figure ? showRange(figure.lowerQuartile, figure.upperQuartile) : '',
      required,
      holds: skipped ? `skipped: ${skipped}` : holds ? 'yes' : 'NO',
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

const ONE_AFTER_ANOTHER = ['storageOne', 'asyncOne', 'nodeRocksdbOne', 'classicLevelOne', 'lmdbOne'] as const;

/** Signs in the figures themselves that they may mislead. */
export function doubts(results: Results): string[] {
  return [...unsteadyTurns(results), ...implausibleTurns(results), ...shimWithoutEffect(results)];
}

function unsteadyTurns({ samples }: Results): string[] {
  const all = Object.values(samples).flat();
  const unsteady = all.filter(({ walRecycled }) => walRecycled === false).length;
  const steady = all.filter(({ walRecycled }) => walRecycled === true).length;
  if (unsteady === 0) return [];
  return [`${unsteady} of ${unsteady + steady} turns began on a WAL that had not been recycled.`];
}

/** Its quickest calls took less than half of the quickest fdatasync, so they cannot have waited for one. */
function implausibleTurns({ samples }: Results): string[] {
  const bestP50 = (turn: TurnName) => summarize((samples[turn] ?? []).map((sample) => figureOf(turn, sample))).min;
  return ONE_AFTER_ANOTHER.filter((turn) => samples[turn] && bestP50(turn) < bestP50('diskPreallocated') / 2).map(
    (turn) => `${TURNS[turn].who} took less than half the time of an fdatasync: it does not seem to wait for one.`,
  );
}

function shimWithoutEffect({ samples: { slowDisk64 } }: Results): string[] {
  if (!slowDisk64?.some(({ latencyUs }) => latencyUs.p50 < SLOW_DISK_DELAY_US)) return [];
  return ['The slow disk was not slow: the shim had no effect.'];
}
