// Horizontal bars that begin at zero: each bar is one figure.

import { compact, showRate, showTime } from '../figures.js';
import type { PointReport } from '../report.js';
import type { Chart } from './chart.js';
import { categoryAxis, colour, frame, label, linearAxis, rowNames } from './chart-style.js';

export interface Bar {
  name: string;
  value: number;
  /** Bars of one kind have one colour. */
  kind: number;
}

export interface Measure {
  axis: string;
  show: (value: number) => string;
  /** The same on the axis, where there is less room. */
  mark: (value: number) => string;
}

export const PRICE: Measure = { axis: 'latency', show: showTime, mark: showTime };
export const SPEED: Measure = { axis: 'entries per second', show: showRate, mark: compact };
const OWN_KIND = 0;
const BASELINE_KIND = 7;
const PEER_KIND = 1;

export interface BarChart {
  id: string;
  title: string;
  caption: string;
  bars: readonly Bar[];
  measure: Measure;
}

export function barChart({ id, title, caption, bars, measure }: BarChart): Chart | undefined {
  if (bars.length === 0) return undefined;
  const { axis, show, mark } = measure;
  const fromTheTop = [...bars].reverse();
  return {
    id,
    title,
    caption,
    heights: [bars.length * 30 + 90, bars.length * 42 + 90],
    option: (width) => {
      const { margins, labels } = rowNames(width);
      return {
        ...frame(0, margins),
        xAxis: linearAxis(axis, mark),
        yAxis: categoryAxis(
          fromTheTop.map(({ name }) => name),
          labels,
        ),
        series: [
          {
            type: 'bar',
            barWidth: width === 'wide' ? 16 : 12,
            data: fromTheTop.map(({ value, kind }) => ({ value, itemStyle: { color: colour(kind) } })),
            label: { ...label, position: 'right' as const, formatter: ({ value }) => show(value as number) },
          },
        ],
      };
    },
  };
}

function kindOf({ contestant }: PointReport): number {
  if (contestant === 'storage' || contestant === 'async-storage') return OWN_KIND;
  return ['disk', 'baseline', 'binding'].includes(contestant) ? BASELINE_KIND : PEER_KIND;
}

export function oneAtATime(side: readonly PointReport[]): Bar[] {
  return side
    .filter(({ batch, inFlight }) => batch === 1 && inFlight === 1)
    .map((point) => ({
      name: point.contestant === 'disk' ? `disk: ${point.what.replace('pwrite + ', '')}` : point.who,
      value: point.latencyUs.p50.median,
      kind: kindOf(point),
    }));
}

export function manyAtATime(side: readonly PointReport[]): Bar[] {
  return side
    .filter(({ batch, inFlight }) => batch * inFlight > 1)
    .map((point) => ({
      name: `${point.who}, ${point.inFlight > 1 ? `${point.inFlight} in flight` : `batches of ${point.batch}`}`,
      value: point.entriesPerSecond.median,
      kind: kindOf(point),
    }));
}

export function wal(points: readonly PointReport[]): Bar[] {
  const isCold = ({ work }: PointReport) => work === 'append-cold';
  const isRecycled = ({ contestant }: PointReport) => contestant === 'storage';
  return [...points]
    .sort((a, b) => Number(isRecycled(a)) - Number(isRecycled(b)) || Number(isCold(b)) - Number(isCold(a)))
    .map((point) => ({
      name: `${isRecycled(point) ? 'recycled' : 'not recycled'}, ${isCold(point) ? 'cold' : 'steady'}`,
      value: point.latencyUs.p50.median,
      kind: isRecycled(point) ? OWN_KIND : PEER_KIND,
    }));
}

export function eventLoop(points: readonly PointReport[]): Bar[] {
  return points.flatMap((point) => {
    if (point.loopDelayUs === undefined) return [];
    const blocking = point.contestant === 'storage';
    return {
      name: `${blocking ? 'blocking' : 'asynchronous'}, ${point.inFlight === 1 ? '1 append' : `${point.inFlight} appends`} at a time`,
      value: point.loopDelayUs.p99.median,
      kind: blocking ? PEER_KIND : OWN_KIND,
    };
  });
}
