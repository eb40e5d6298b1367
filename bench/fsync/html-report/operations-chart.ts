import { showTime } from '../figures.js';
import { OPERATION_NAMES, operationOf } from '../points.js';
import type { PointReport } from '../report.js';
import type { Chart } from './chart.js';
import { categoryAxis, colour, frame, label, logAxis, rowNames, symbolStyle } from './chart-style.js';

/** How far the axis goes below the quickest call, to leave room for its label. */
const LABEL_ROOM = 2;

export function operationsChart(points: readonly PointReport[]): Chart | undefined {
  if (points.length === 0) return undefined;
  const all = points.map((point) => ({ ...operationOf(point), us: point.latencyUs.p50.median }));
  const latencies = all.map(({ us }) => us);
  const names = [...new Set(all.map(({ operation }) => OPERATION_NAMES[operation]))].reverse();
  const kinds = [true, false].flatMap((asStored) => [true, false].map((synced) => ({ asStored, synced })));
  return {
    id: 'operations',
    title: 'Cost per operation',
    caption:
      'The p50 of one call of RocksdbStorage. Filled: as the storage does it. Hollow: the same records written the other way ' +
      'round; the distance is the price of that choice.',
    heights: [430, 520],
    option: (width) => {
      const { margins, labels } = rowNames(width);
      return {
        ...frame(width === 'wide' ? 2 : 4, margins),
        xAxis: logAxis('x', 'latency of one call (p50)', [Math.min(...latencies) / LABEL_ROOM, ...latencies], showTime),
        yAxis: { ...categoryAxis(names, labels), splitLine: { show: true, lineStyle: { color: 'var(--line)' } } },
        series: kinds.map(({ asStored, synced }) => ({
          name: `${synced ? 'synced' : 'not synced'}, ${asStored ? 'as the storage does it' : 'the other way round'}`,
          type: 'scatter' as const,
          ...symbolStyle(synced ? 'circle' : 'diamond', colour(synced ? 0 : 1), !asStored),
          symbolSize: synced ? 12 : 14,
          data: all
            .filter((one) => one.asStored === asStored && one.synced === synced)
            .map(({ operation, us }) => [us, OPERATION_NAMES[operation]]),
          label: {
            ...label,
            position: synced ? ('right' as const) : ('left' as const),
            formatter: ({ value }: { value: unknown }) => showTime((value as [number])[0]),
          },
        })),
      };
    },
  };
}
