// One row of charts for each life: what it did and took, against time. As an SVG file of its own.

import type { EChartsOption } from 'echarts';
import { compact, showNumber, showTime } from '../fsync/figures.js';
import { colour, linearAxis } from '../fsync/html-report/chart-style.js';
import { loadCharts } from '../fsync/html-report/load-charts.js';
import { PALETTE } from '../fsync/html-report/style.js';
import type { Point } from './point.js';

export interface LivedLife {
  title: string;
  points: readonly Point[];
}

interface Line {
  name: string;
  kind: number;
  of: (point: Point) => number | undefined;
}

interface Column {
  title: string;
  show: (value: number) => string;
  lines: readonly Line[];
}

const ALL = { name: 'all', kind: 0 };
const WAL = { name: 'WAL', kind: 1 };
const SST = { name: 'SST', kind: 2 };
const P50 = { name: 'p50', kind: 3 };
const P99 = { name: 'p99', kind: 4 };
const LEGEND = [P50, P99, ALL, WAL, SST];

const COLUMNS: readonly Column[] = [
  { title: 'entries a second', show: compact, lines: [{ ...ALL, of: ({ entriesPerSecond }) => entriesPerSecond }] },
  {
    title: 'an append',
    show: showTime,
    lines: [
      { ...P99, of: ({ p99Us }) => p99Us },
      { ...P50, of: ({ p50Us }) => p50Us },
    ],
  },
  { title: 'resident memory', show: showMegabytes, lines: [{ ...ALL, of: ({ residentBytes }) => residentBytes }] },
  {
    title: 'disk space',
    show: showMegabytes,
    lines: [
      { ...ALL, of: ({ diskBytes }) => diskBytes },
      { ...WAL, of: ({ walBytes }) => walBytes },
      { ...SST, of: ({ sstBytes }) => sstBytes },
    ],
  },
  {
    title: 'files',
    show: compact,
    lines: [
      { ...ALL, of: ({ files }) => files },
      { ...WAL, of: ({ walFiles }) => walFiles },
      { ...SST, of: ({ sstFiles }) => sstFiles },
    ],
  },
  {
    title: 'reopening',
    show: showTime,
    lines: [{ ...ALL, of: ({ reopenMs }) => reopenMs && reopenMs * 1000 }],
  },
];

/** In powers of a thousand, as the marks of an axis are. */
function showMegabytes(bytes: number): string {
  return `${showNumber(bytes / 1e6)} MB`;
}

const CELL = { width: 270, height: 210 };
const INNER = { left: 66, top: 44, width: 184, height: 120 };
const HEADER = 46;
const MARGIN = 12;
const MANY_SECONDS = 300;

/** @throws Error, in one line, where ECharts is not installed */
export async function drawLives(lives: readonly LivedLife[], caption: string): Promise<string> {
  const render = await loadCharts();
  const size = { width: COLUMNS.length * CELL.width + MARGIN, height: HEADER + lives.length * CELL.height };
  // What a page gives its charts, this file has to bring with it.
  return render(optionOf(lives, caption), size).replace(/>/, `><style>${PALETTE}</style>`);
}

function optionOf(lives: readonly LivedLife[], caption: string): EChartsOption {
  const cells = lives.flatMap(({ points }, row) => COLUMNS.map((column, at) => ({ points, column, row, at })));
  const text = (words: string, left: number, top: number, heading = false) => ({
    text: words,
    left,
    top,
    padding: 0,
    textStyle: {
      color: heading ? 'var(--text)' : 'var(--soft)',
      fontSize: heading ? 14 : 12,
      fontWeight: 'normal' as const,
    },
  });
  return {
    animation: false,
    backgroundColor: 'var(--back)',
    textStyle: { fontFamily: 'system-ui, sans-serif', fontSize: 12 },
    title: [
      text(caption, MARGIN, 14),
      ...lives.map(({ title }, row) => text(title, MARGIN, HEADER + row * CELL.height, true)),
      ...cells.map(({ column, row, at }) =>
        text(column.title, MARGIN + at * CELL.width, HEADER + row * CELL.height + 22),
      ),
    ],
    legend: {
      top: 8,
      right: MARGIN,
      data: LEGEND.map(({ name }) => name),
      textStyle: { color: 'var(--text)', fontSize: 12 },
    },
    grid: cells.map(({ row, at }) => ({
      ...INNER,
      left: at * CELL.width + INNER.left,
      top: HEADER + row * CELL.height + INNER.top,
    })),
    xAxis: cells.map(({ points }, gridIndex) => ({ ...timeAxis(points), gridIndex })),
    yAxis: cells.map(({ column: { show } }, gridIndex) => ({ ...linearAxis('', show), gridIndex, splitNumber: 3 })),
    series: cells.flatMap(({ points, column }, cell) =>
      column.lines.map(({ name, kind, of }) => ({
        name,
        type: 'line' as const,
        xAxisIndex: cell,
        yAxisIndex: cell,
        color: colour(kind),
        lineStyle: { color: colour(kind), width: 1.5 },
        symbol: 'circle',
        symbolSize: 3,
        data: points.flatMap((point) => {
          const value = of(point);
          return value === undefined ? [] : [[point.seconds, value] as [number, number]];
        }),
      })),
    ),
  };
}

function timeAxis(points: readonly Point[]): object {
  const seconds = points.at(-1)?.seconds ?? 0;
  const show = (at: number) => (seconds > MANY_SECONDS ? `${compact(at / 60)} min` : `${compact(at)} s`);
  const interval = seconds > MANY_SECONDS ? Math.ceil(seconds / 240) * 60 : undefined;
  return { ...linearAxis('', show), max: seconds, splitNumber: 4, ...(interval && { interval }) };
}
