// The charts of the report, from top to bottom, and how to read them.

import { compact, showByteRate, showBytes, showCount } from '../figures.js';
import { SIDE_BATCH, SIDE_WINDOW } from '../points.js';
import type { PointReport } from '../report.js';
import { barChart, eventLoop, manyAtATime, oneAtATime, PRICE, SPEED, wal } from './bar-charts.js';
import type { Chart } from './chart.js';
import { operationsChart } from './operations-chart.js';
import { percentilesChart } from './percentiles-chart.js';
import { sweepChart } from './sweep-chart.js';

const COLOURS = 'Brown, or beige, is what a store stands on, blue this package, orange the others.';

export function chartsOf(points: readonly PointReport[]): Chart[] {
  const of = (group: PointReport['groups'][number]) => points.filter(({ groups }) => groups.includes(group));
  const side = of('side-by-side');
  const entryRate = {
    name: 'entries per second',
    of: ({ entriesPerSecond }: PointReport) => entriesPerSecond.median,
    show: compact,
  };
  return [
    barChart({
      id: 'one-at-a-time',
      title: 'One durable write at a time',
      caption:
        'The p50 of one write that is durable before the next begins: of the disk alone, of RocksDB alone, of each store. ' +
        `Shorter is better. ${COLOURS}`,
      bars: oneAtATime(side),
      measure: PRICE,
    }),
    barChart({
      id: 'side-by-side',
      title: `${SIDE_BATCH} entries at a time`,
      caption:
        `Entries made durable per second where ${SIDE_BATCH} are written together: as one batch, or as ${SIDE_WINDOW} calls ` +
        `in flight. Longer is better. ${COLOURS}`,
      bars: manyAtATime(side),
      measure: SPEED,
    }),
    sweepChart({
      id: 'batch',
      title: 'Batch size',
      caption:
        'RocksdbStorage, one appendEntries after another: up is more entries per second, left is less waiting. The numbers ' +
        'are entries per batch. Each line is one percentile of the latency.',
      points: of('batch'),
      by: ({ batch }) => batch,
      show: showCount,
      rate: entryRate,
    }),
    sweepChart({
      id: 'in-flight',
      title: 'In-flight window',
      caption:
        'AsyncRocksdbStorage: the numbers on the lines are appends in flight, of one entry each. Where there are two, they ' +
        'are batches in flight × entries per batch.',
      points: of('in-flight'),
      by: ({ inFlight }) => inFlight,
      show: showCount,
      rate: entryRate,
      combined: of('batch-in-flight'),
    }),
    sweepChart({
      id: 'entry-size',
      title: 'Entry size',
      caption: 'RocksdbStorage, one appendEntry after another, by the size of the entry.',
      points: of('entry-size'),
      by: ({ entryBytes }) => entryBytes,
      show: showBytes,
      rate: {
        name: 'bytes per second',
        of: ({ entriesPerSecond, entryBytes }) => entriesPerSecond.median * entryBytes,
        show: showByteRate,
      },
    }),
    percentilesChart(side),
    operationsChart(of('operation')),
    barChart({
      id: 'wal',
      title: 'WAL recycling, cold and steady',
      caption:
        'The p50 of one durable appendEntry: in a new database, whose WAL file grows with each fsync, and in the steady ' +
        'state, where RocksDB writes over WAL files that it has kept (the default), or where it may not.',
      bars: wal(of('wal')),
      measure: PRICE,
    }),
    barChart({
      id: 'event-loop',
      title: 'The event loop',
      caption:
        'How long the event loop takes to look up (p99), where appends block it and where they do not; 1 ms is its own ' +
        'interval. Shorter is better.',
      bars: eventLoop(of('event-loop')),
      measure: PRICE,
    }),
  ].filter((chart) => chart !== undefined);
}
