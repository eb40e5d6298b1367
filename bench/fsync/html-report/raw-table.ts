// The table of raw figures, one row a point. Each cell carries its exact value, by which table-script.ts sorts and copies.

import type { Summary } from '../../shared/summary.js';
import { showCount, showNumber } from '../figures.js';
import { noiseOf } from '../noise.js';
import type { PointReport } from '../report.js';
import { type Html, html } from './html.js';

interface Column {
  title: string;
  value: (point: PointReport) => string | number | undefined;
  /** Default: to three digits. */
  show?: (value: number) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'who', value: ({ who }) => who },
  { title: 'what', value: ({ what }) => what },
  { title: 'entry, bytes', value: ({ entryBytes }) => entryBytes, show: showCount },
  { title: 'batch', value: ({ batch }) => batch, show: showCount },
  { title: 'in flight', value: ({ inFlight }) => inFlight, show: showCount },
  { title: 'entries/s', value: ({ entriesPerSecond }) => entriesPerSecond.median },
  { title: 'entries/s, ± %', value: ({ entriesPerSecond }) => noisePercent(entriesPerSecond) },
  { title: 'p50, µs', value: ({ latencyUs }) => latencyUs.p50.median },
  { title: 'p50, ± %', value: ({ latencyUs }) => noisePercent(latencyUs.p50) },
  { title: 'p90, µs', value: ({ latencyUs }) => latencyUs.p90.median },
  { title: 'p99, µs', value: ({ latencyUs }) => latencyUs.p99.median },
  { title: 'p99.9, µs', value: ({ latencyUs }) => latencyUs['p99.9'].median },
  { title: 'max, µs', value: ({ latencyUs }) => latencyUs.max.max },
  { title: 'fsyncs/s', value: ({ fsyncsPerSecond }) => fsyncsPerSecond?.median },
  { title: 'entries per fsync', value: ({ entriesPerFsync }) => entriesPerFsync?.median },
  { title: 'bytes written per byte', value: ({ writtenBytesPerEntryByte }) => writtenBytesPerEntryByte?.median },
  { title: 'loop p99, µs', value: ({ loopDelayUs }) => loopDelayUs?.p99.median },
  { title: 'repeats', value: ({ repeats }) => repeats, show: showCount },
];

export function rawTable(points: readonly PointReport[]): Html {
  return html`<div class="scroll raw"><table>
<thead><tr>${COLUMNS.map(
    ({ title }, i) =>
      html`<th scope="col" class="${classOf(i)}" aria-sort="none"><button type="button">${title}</button></th>`,
  )}</tr></thead>
<tbody>${points.map((point) => html`<tr>${COLUMNS.map((column, i) => cell(column, column.value(point), i))}</tr>\n`)}</tbody>
</table></div>`;
}

function cell({ show = showNumber }: Column, value: string | number | undefined, column: number): Html {
  const shown = typeof value === 'number' ? show(value) : value;
  return column === 0
    ? html`<th scope="row" class="text" data-value="${value}">${shown}</th>`
    : html`<td class="${classOf(column)}" data-value="${value}">${shown}</td>`;
}

function classOf(column: number): string {
  return column < 2 ? 'text' : 'number';
}

function noisePercent(summary: Summary): number {
  return noiseOf(summary) * 100;
}
