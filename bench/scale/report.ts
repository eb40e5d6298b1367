// What a person reads at the end of a run.

import { Table } from 'console-table-printer';
import type { Growth } from './growth.js';
import type { Point } from './point.js';

const ROWS = 10;
const MB = 1e6;
const count = new Intl.NumberFormat('en');
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export function printLife(title: string, points: readonly Point[], growth: readonly Growth[]): void {
  console.log(`\n${title}`);
  printPoints(points);
  printGrowth(growth);
}

function printPoints(points: readonly Point[]): void {
  const table = new Table({ shouldDisableColors: true });
  const shown = points.filter((_, i) => (i + 1) % Math.max(1, Math.round(points.length / ROWS)) === 0);
  for (const point of shown) {
    table.addRow({
      seconds: threeDigits.format(point.seconds),
      entries: count.format(point.entries),
      'entries/s': threeDigits.format(point.entriesPerSecond),
      'append p50, µs': threeDigits.format(point.p50Us),
      'p99, µs': threeDigits.format(point.p99Us),
      'resident, MB': threeDigits.format(point.residentBytes / MB),
      'disk, MB': threeDigits.format(point.diskBytes / MB),
      'WAL files': count.format(point.walFiles),
      'SST files': count.format(point.sstFiles),
      'read oldest, µs': threeDigits.format(point.readOldestUs),
      'newest, µs': threeDigits.format(point.readNewestUs),
      'reopening, ms': point.reopenMs === undefined ? '' : threeDigits.format(point.reopenMs),
    });
  }
  table.printTable();
}

function printGrowth(growth: readonly Growth[]): void {
  if (growth.every(({ figure }) => figure === undefined)) {
    console.log('Too short to tell whether anything grows.');
    return;
  }
  const table = new Table({
    shouldDisableColors: true,
    columns: [{ name: 'what', title: 'second half ÷ first', alignment: 'left' }],
  });
  for (const { what, figure, required, holds } of growth) {
    table.addRow({
      what,
      figure: figure === undefined ? '–' : threeDigits.format(figure),
      required,
      holds: holds === undefined ? 'too short to tell' : holds ? 'yes' : 'NO',
    });
  }
  table.printTable();
}
