// One sweep as throughput against latency, each on a logarithmic axis.

import type { PercentileName } from '../../shared/protocol.js';
import { showCount, showTime } from '../figures.js';
import type { PointReport } from '../report.js';
import type { Chart } from './chart.js';
import { frame, label, logAxis, seriesStyle } from './chart-style.js';

export interface Sweep {
  id: string;
  title: string;
  caption: string;
  points: readonly PointReport[];
  /** What is swept. */
  by: (point: PointReport) => number;
  show: (value: number) => string;
  rate: { name: string; of: (point: PointReport) => number; show: (value: number) => string };
  /** Points apart from the sweep: both their batch and their window are larger than 1. */
  combined?: readonly PointReport[];
}

const PERCENTILES = ['p50', 'p99', 'p99.9'] as const;
/** Labels stand above the lines, which go up to the right. */
const ABOVE = { dx: 4, dy: -8 };
/** How far the axis goes below the quickest call, to leave room for its label. */
const LABEL_ROOM = 2;

export function sweepChart({ id, title, caption, points, by, show, rate, combined = [] }: Sweep): Chart | undefined {
  if (points.length === 0) return undefined;
  const sorted = [...points].sort((a, b) => by(a) - by(b));
  const place = (point: PointReport, percentile: PercentileName): [us: number, rate: number] => {
    return [point.latencyUs[percentile].median, rate.of(point)];
  };
  const lines = PERCENTILES.map((percentile, i) => ({
    name: percentile,
    type: 'line' as const,
    ...seriesStyle(i),
    symbolSize: 8,
    data: sorted.map((point) => place(point, percentile)),
    ...(percentile === 'p50' && {
      label: {
        ...label,
        position: 'left' as const,
        formatter: inOrder(sorted.map((point) => show(by(point)))),
      },
      labelLayout: { ...ABOVE, hideOverlap: true },
    }),
  }));
  const byLatency = [...combined].sort((a, b) => a.latencyUs.p99.median - b.latencyUs.p99.median);
  const beside = (towardsTheEdge: 'right' | 'top') => ({
    name: 'batches in flight, p99',
    type: 'scatter' as const,
    ...seriesStyle(PERCENTILES.length),
    symbolSize: 11,
    data: byLatency.map((point, i) => ({
      value: place(point, 'p99'),
      label: { position: i < byLatency.length / 2 ? ('left' as const) : towardsTheEdge },
    })),
    label: {
      ...label,
      formatter: inOrder(byLatency.map(({ inFlight, batch }) => `${showCount(inFlight)} × ${showCount(batch)}`)),
    },
    labelLayout: { hideOverlap: true },
  });
  const latencies = [...points.flatMap(allLatencies), ...combined.map(({ latencyUs }) => latencyUs.p99.median)];
  const rates = [...points, ...combined].map(rate.of);
  return {
    id,
    title,
    caption,
    heights: [420, 360],
    option: (width) => ({
      ...frame(width === 'narrow' && combined.length > 0 ? 2 : 1, { left: 62, right: 24 }),
      xAxis: logAxis('x', 'latency of one call', [Math.min(...latencies) / LABEL_ROOM, ...latencies], showTime),
      yAxis: logAxis('y', rate.name, rates, rate.show),
      series: combined.length > 0 ? [...lines, beside(width === 'wide' ? 'right' : 'top')] : lines,
    }),
  };
}

function allLatencies({ latencyUs }: PointReport): number[] {
  return PERCENTILES.map((percentile) => latencyUs[percentile].median);
}

function inOrder(names: readonly string[]): (params: { dataIndex: number }) => string {
  return ({ dataIndex }) => names[dataIndex] ?? '';
}
