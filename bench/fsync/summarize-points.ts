import type { TurnSample } from '../shared/lineup.js';
import { PERCENTILES, type PercentileName, type Percentiles } from '../shared/protocol.js';
import { type Summary, summarize } from '../shared/summary.js';
import type { Point } from './points.js';
import type { LoopPercentile, PointReport } from './report.js';

/** The figures of every point that was measured at all. */
export function summarizePoints(points: readonly Point[], samples: ReadonlyMap<string, TurnSample[]>): PointReport[] {
  return points.flatMap((point) => {
    const taken = samples.get(point.id);
    return taken === undefined ? [] : [summarizePoint(point, taken)];
  });
}

function summarizePoint(point: Point, samples: readonly TurnSample[]): PointReport {
  /** Empty unless every sample has it. */
  const optional = <Name extends string>(name: Name, of: (sample: TurnSample) => number | undefined) => {
    const figures = samples.flatMap((sample) => of(sample) ?? []);
    return figures.length === samples.length ? ({ [name]: summarize(figures) } as Record<Name, Summary>) : {};
  };
  const latencies = samples.map(({ latencyUs }) => latencyUs);
  const loopDelays = samples.flatMap(({ loopDelayUs }) => loopDelayUs ?? []);
  const recycled = samples.flatMap(({ walRecycled }) => walRecycled ?? []);
  const isSyncedAppend = point.work.startsWith('append') || point.contestant === 'disk';
  const isAppend = isSyncedAppend || point.work.startsWith('opposite-append');
  const entryBytes = (sample: TurnSample) => sample.entries * point.entryBytes;
  return {
    ...point,
    repeats: samples.length,
    calls: samples.reduce((sum, { entries }) => sum + entries, 0) / (isAppend ? point.batch : 1),
    entriesPerSecond: summarize(samples.map(({ entries, seconds }) => entries / seconds)),
    latencyUs: summarizePercentiles(latencies, Object.keys(PERCENTILES) as PercentileName[]),
    ...optional('fsyncsPerSecond', ({ fsyncs, seconds }) => (fsyncs === undefined ? undefined : fsyncs / seconds)),
    ...optional('entriesPerFsync', ({ entries, fsyncs }) => (fsyncs ? entries / fsyncs : undefined)),
    ...optional('writtenBytesPerEntryByte', (sample) =>
      isSyncedAppend && sample.writtenBytes ? sample.writtenBytes / entryBytes(sample) : undefined,
    ),
    ...(loopDelays.length > 0 && {
      loopDelayUs: summarizePercentiles<LoopPercentile>(loopDelays, ['p50', 'p99', 'max']),
    }),
    ...(recycled.length > 0 && { walRecycled: recycled.every(Boolean) }),
  };
}

function summarizePercentiles<Name extends PercentileName>(
  all: readonly Percentiles[],
  names: readonly Name[],
): Record<Name, Summary> {
  const summaries = names.map((name) => [name, summarize(all.map((percentiles) => percentiles[name]))] as const);
  return Object.fromEntries(summaries) as Record<Name, Summary>;
}
