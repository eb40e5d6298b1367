// What a person reads in the terminal at the end of a run.

import { Table } from 'console-table-printer';
import { conclusions, describeEnvironment, describeOverhead } from './conclusions.js';
import { showNumber, showRate, showShare, showTime } from './figures.js';
import { FEWEST_REPEATS, noiseOf } from './noise.js';
import type { PointReport, Report } from './report.js';

export function printReport(report: Report): void {
  printSideBySide(report.points.filter(({ groups }) => groups.includes('side-by-side')));
  for (const line of conclusions(report)) console.log(line);
  for (const line of describeEnvironment(report)) console.log(line);
  console.log(describeOverhead(report));
  for (const { name, reason } of report.skipped) console.log(`Skipped: ${name}: ${reason}`);
  for (const warning of report.warnings) console.log(`Warning: ${warning}`);
}

function printSideBySide(points: readonly PointReport[]): void {
  const right = { alignment: 'right' } as const;
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: 'who', title: 'durable writes', alignment: 'left' },
      { name: 'what', title: '', alignment: 'left' },
      { name: 'p50', title: 'p50', ...right },
      { name: 'p99', title: 'p99', ...right },
      { name: 'rate', title: 'entries/s', ...right },
      { name: 'noise', title: '±', ...right },
      { name: 'perFsync', title: 'entries per fsync', ...right },
    ],
  });
  for (const { who, what, latencyUs, entriesPerSecond, entriesPerFsync, repeats } of points) {
    table.addRow({
      who,
      what,
      p50: showTime(latencyUs.p50.median),
      p99: showTime(latencyUs.p99.median),
      rate: showRate(entriesPerSecond.median),
      noise: repeats >= FEWEST_REPEATS ? showShare(noiseOf(entriesPerSecond)) : '?',
      perFsync: entriesPerFsync ? showNumber(entriesPerFsync.median) : '',
    });
  }
  if (points.length > 0) table.printTable();
}
