import { showTime } from '../figures.js';
import type { PointReport } from '../report.js';
import type { Chart } from './chart.js';
import { categoryAxis, frame, logAxis, nameBelow, seriesStyle } from './chart-style.js';

const CURVE = ['p10', 'p25', 'p50', 'p75', 'p90', 'p99', 'p99.9', 'max'] as const;

export function percentilesChart(side: readonly PointReport[]): Chart | undefined {
  const points = side.filter(({ batch, inFlight, work, contestant }) => {
    if (contestant === 'disk') return work === 'write-preallocated';
    return batch === 1 && (inFlight === 1 || contestant === 'async-storage');
  });
  if (points.length === 0) return undefined;
  const curves = points.map((point) => CURVE.map((percentile) => figureAt(point, percentile)));
  return {
    id: 'percentiles',
    title: 'Latency by percentile',
    caption:
      'How long the quickest tenth of the calls takes (p10), half of them (p50), all but one in a thousand (p99.9), and the ' +
      'slowest of the run. A line that rises early has calls that wait for something other than the disk.',
    heights: [460, 540],
    option: (width) => ({
      ...frame(width === 'wide' ? Math.ceil(points.length / 3) : Math.ceil(points.length / 1.6), {
        left: 56,
        right: 22,
      }),
      xAxis: { ...categoryAxis(CURVE), name: 'percentile of the calls', ...nameBelow, boundaryGap: false },
      yAxis: logAxis('y', 'latency of one call', curves.flat(), showTime),
      series: points.map((point, i) => ({
        name: point.contestant === 'disk' ? 'disk, preallocated file' : shortName(point),
        type: 'line' as const,
        ...seriesStyle(i),
        symbolSize: 8,
        data: curves[i] ?? [],
      })),
    }),
  };
}

function figureAt({ latencyUs }: PointReport, percentile: (typeof CURVE)[number]): number {
  return percentile === 'max' ? latencyUs.max.max : latencyUs[percentile].median;
}

function shortName({ who, inFlight }: PointReport): string {
  return inFlight > 1 ? `${who}, ${inFlight} in flight` : who;
}
