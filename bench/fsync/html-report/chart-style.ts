// How every chart looks: colours are variables of the style sheet, so that a chart follows light, dark and print.

import type { EChartsOption } from 'echarts';

/** Where a chart is drawn: the full width of a window, or a phone's. */
export type Width = 'wide' | 'narrow';

const TEXT = 'var(--text)';
const SOFT = 'var(--soft)';
const LINE = 'var(--line)';
const BACK = 'var(--back)';
const COLOURS = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `var(--c${n})`);
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond'];
const FONT_SIZE = 12;
const LABEL_SIZE = 11;
const LEGEND_ROW = 22;

export function colour(kind: number): string {
  return COLOURS[kind % COLOURS.length] as string;
}

/** The look of one series of a chart: a colour and a symbol, so that nobody needs to see colours to tell it from others. */
export function seriesStyle(series: number) {
  const hollow = series >= SYMBOLS.length;
  return symbolStyle(SYMBOLS[series % SYMBOLS.length] as string, colour(series), hollow);
}

export function symbolStyle(symbol: string, color: string, hollow: boolean) {
  return {
    symbol,
    color,
    lineStyle: { color },
    itemStyle: { color: hollow ? BACK : color, borderColor: color, borderWidth: hollow ? 2 : 0, opacity: 1 },
  };
}

export const label = { show: true, color: TEXT, fontSize: LABEL_SIZE, textBorderWidth: 0, minMargin: 6 } as const;

/** What every chart has: a legend of so many rows, room for the names of the axes, no animation. */
export function frame(legendRows: number, margins: { left: number; right: number }): EChartsOption {
  const legend = { top: 0, left: 0, itemGap: 14, textStyle: { color: TEXT, fontSize: FONT_SIZE } };
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif', fontSize: FONT_SIZE },
    ...(legendRows > 0 && { legend }),
    grid: { top: legendRows > 0 ? legendRows * LEGEND_ROW + 34 : 8, bottom: 48, ...margins },
  };
}

const axis = {
  nameTextStyle: { color: SOFT, fontSize: FONT_SIZE },
  axisLabel: { color: SOFT, fontSize: LABEL_SIZE },
  axisLine: { lineStyle: { color: LINE } },
  axisTick: { lineStyle: { color: LINE } },
  splitLine: { lineStyle: { color: LINE } },
};
export const nameBelow = { nameLocation: 'middle', nameGap: 30 } as const;
const nameAbove = {
  nameLocation: 'end',
  nameTextStyle: { ...axis.nameTextStyle, align: 'left', padding: [0, 0, 0, -40] },
};

type Show = (value: number) => string;

/** An axis that begins at zero. */
export function linearAxis(name: string, show: Show): object {
  return {
    ...axis,
    type: 'value',
    name,
    ...nameBelow,
    axisLabel: { ...axis.axisLabel, formatter: show, hideOverlap: true },
  };
}

/** An axis from just below the lowest of `values` to just above the highest, with marks at round numbers. */
export function logAxis(where: 'x' | 'y', name: string, values: readonly number[], show: Show): object {
  const marks = marksAround(Math.min(...values) * ROOM, Math.max(...values));
  return {
    ...axis,
    type: 'log',
    min: marks[0],
    max: marks.at(-1),
    name,
    ...(where === 'x' ? nameBelow : nameAbove),
    axisLabel: { ...axis.axisLabel, formatter: show, customValues: marks, hideOverlap: true },
    axisTick: { ...axis.axisTick, customValues: marks },
  };
}

const MOST_MARKS = 9;
/** How far the axis goes below the lowest value, to leave room for its label. */
const ROOM = 0.8;

/** 1, 2, 5, 10, … from below `least` to above `most`; powers of ten alone where those would be too many. */
function marksAround(least: number, most: number): number[] {
  for (const steps of [[1, 2, 5], [1]]) {
    const decades = Array.from({ length: 24 }, (_, i) => 10 ** (i - 6));
    const all = decades.flatMap((decade) => steps.map((step) => step * decade));
    const first = all.findLastIndex((mark) => mark <= least);
    const marks = all.slice(Math.max(0, first), all.findIndex((mark) => mark >= most) + 1);
    if (steps.length === 1 || marks.length <= MOST_MARKS) return marks.length > 1 ? marks : [least / 2, most * 2];
  }
  return [];
}

export function categoryAxis(data: readonly string[], labels: object = {}): object {
  return {
    ...axis,
    type: 'category',
    data,
    splitLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...axis.axisLabel, color: TEXT, interval: 0, ...labels },
  };
}

/** Names of horizontal bars and rows: beside them, or on a phone above them. */
export function rowNames(width: Width): { margins: { left: number; right: number }; labels: object } {
  if (width === 'wide') return { margins: { left: 250, right: 90 }, labels: {} };
  return {
    margins: { left: 12, right: 76 },
    labels: { inside: true, align: 'left', verticalAlign: 'bottom', padding: [0, 0, 11, -6] },
  };
}
