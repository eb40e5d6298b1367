// `npm run bench:scale`: what a log costs once it has been written, trimmed and reopened for long. Each figure stands beside
// what it must reach.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { Table } from 'console-table-printer';
import { rawCodec } from '../lib/format/raw-codec.js';
import { Database, RocksdbStorage } from '../lib/index.js';
import { endOnSignals, WorkFolder } from './shared/work-folder.js';

const LOG = 'log';
const MB = 1e6;
const KEPT_ENTRIES = 10_000;

interface Figure {
  what: string;
  figure: string;
  required: string;
  holds: boolean;
}

interface Opened {
  db: Database;
  log: RocksdbStorage<Uint8Array>;
}

/** Also gives the event loop a turn, so that signals are heard: all else here blocks. */
type Progress = (done: number, of: number, what: string) => Promise<void>;

const { dir } = new Command('bench:scale')
  .description('Measures trimming, reopening, disk space and memory over millions of entries: about two minutes.')
  .option('--dir <dir>', 'where to write, in a folder of its own that is removed afterwards', '.')
  .parse()
  .opts<{ dir: string }>();

const bar = new SingleBar({ format: '{bar} {percentage} % | {what}', noTTYOutput: true, notTTYSchedule: 20_000 });
const workFolder = new WorkFolder(dir, 'scale');
const folder = workFolder.path;
endOnSignals(workFolder);
bar.start(1, 0, { what: '' });
try {
  const progress: Progress = async (done, of, what) => {
    bar.setTotal(of);
    bar.update(done, { what });
    await setImmediate();
  };
  const figures: Figure[] = [];
  for (const [i, measure] of [measureReopen, measureSpace, measureTrim].entries()) {
    figures.push(...(await measure(join(folder, `${i}`), progress)));
  }
  bar.stop();
  print(figures);
} finally {
  bar.stop();
  workFolder[Symbol.dispose]();
}

function open(path: string): Opened {
  const db = Database.openSync(path, { columnFamilies: [LOG] });
  return { db, log: RocksdbStorage.openIn(db, LOG, { entryCodec: rawCodec }) };
}

function entries(count: number, bytes: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => Buffer.alloc(bytes, i));
}

/** A log of 1,000,000 entries of 128 bytes, closed and opened again: the first time its WAL is replayed as well. */
async function measureReopen(path: string, progress: Progress): Promise<Figure[]> {
  const { db, log } = open(path);
  const batch = entries(1000, 128);
  for (let i = 0; i < 1000; i++) {
    log.appendEntries(batch);
    await progress(i, 1000, 'reopen: appending 1,000,000 entries');
  }
  db.closeSync();
  const startedAt = performance.now();
  const reopened = open(path);
  const ms = performance.now() - startedAt;
  reopened.db.closeSync();
  return [atMost('reopening 1,000,000 entries of 128 bytes', ms, 2000, 'ms')];
}

/** 2,000,000 entries of 1 KiB, always trimmed to the last 10,000. */
async function measureSpace(path: string, progress: Progress): Promise<Figure[]> {
  const { db, log } = open(path);
  const batch = entries(1000, 1024);
  let disk = 0;
  let resident = 0;
  for (let i = 0; i < 2000; i++) {
    log.appendEntries(batch);
    const { next } = log.getBounds();
    log.setDecidedIdx(next);
    log.compact(Math.max(0, next - KEPT_ENTRIES));
    if (i % 20 === 0) {
      disk = Math.max(disk, bytesIn(path));
      resident = Math.max(resident, process.memoryUsage().rss);
      await progress(i, 2000, 'space: appending 2,000,000 entries of 1 KiB');
    }
  }
  db.closeSync();
  const what = '2,000,000 entries of 1 KiB, trimmed to 10,000';
  return [
    atMost(`${what}: most disk space`, disk / MB, 500, 'MB'),
    atMost(`${what}: most memory, resident`, resident / MB, 400, 'MB'),
  ];
}

/** 100,000 trims, each behind 10 appends; after each the last 10 entries are read. */
async function measureTrim(path: string, progress: Progress): Promise<Figure[]> {
  const { db, log } = open(path);
  const batch = entries(10, 128);
  const rounds = 100_000;
  const sample = 1000;
  const first = createHistogram();
  const last = createHistogram();
  for (let round = 0; round < rounds; round++) {
    log.appendEntries(batch);
    const { next } = log.getBounds();
    log.trim(Math.max(0, next - 100));
    const startedAt = performance.now();
    log.getEntries(next - 10, next);
    const ns = Math.round((performance.now() - startedAt) * 1e6);
    if (round < sample) first.record(ns);
    if (round >= rounds - sample) last.record(ns);
    if (round % 1000 === 0) await progress(round, rounds, 'trim: 100,000 trims');
  }
  db.closeSync();
  const [before, after] = [first.percentile(99), last.percentile(99)];
  const what = 'p99 of reading the last 10 entries after 100,000 trims ÷ after the first 1,000';
  return [
    atMost(what, after / before, 3, ''),
    { what: '  the two in µs', figure: `${us(after)} ÷ ${us(before)}`, required: '', holds: true },
  ];
}

function us(ns: number): string {
  return (ns / 1000).toFixed(1);
}

function bytesIn(path: string): number {
  return readdirSync(path).reduce((bytes, name) => {
    return bytes + (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

function atMost(what: string, figure: number, limit: number, unit: string): Figure {
  const show = (number: number) => `${Number(number.toPrecision(3))} ${unit}`.trim();
  return { what, figure: show(figure), required: `< ${show(limit)}`, holds: figure < limit };
}

function print(figures: readonly Figure[]): void {
  const table = new Table({ shouldDisableColors: true, columns: [{ name: 'what', alignment: 'left' }] });
  for (const { what, figure, required, holds } of figures) {
    table.addRow({ what, figure, required, holds: required === '' ? '' : holds ? 'yes' : 'no' });
  }
  console.log();
  table.printTable();
}
