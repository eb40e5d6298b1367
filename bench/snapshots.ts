// `npm run bench:snapshots`: what a snapshot store takes of memory and disk, and what it costs the log beside it. Each figure
// stands beside what it must reach.

import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { Table } from 'console-table-printer';
import { rawCodec } from '../lib/format/raw-codec.js';
import { AsyncRocksdbStorage, Database, SnapshotStore } from '../lib/index.js';
import { CHUNK_BYTES } from '../lib/snapshots/snapshot-store.js';
import { endOnSignals, WorkFolder } from './shared/work-folder.js';
import type { MemoryFigures } from './snapshot-memory.js';

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const MB = 1e6;
const ROUNDS = 3;
const ALONE_MS = 5000;
const ENTRY = Buffer.alloc(128, 7);

const { dir } = new Command('bench:snapshots')
  .description('Measures memory, disk space and the latency of appends beside snapshots: about five minutes.')
  .option('--dir <dir>', 'where to write, in a folder of its own that is removed afterwards', '.')
  .parse()
  .opts<{ dir: string }>();

const workFolder = new WorkFolder(dir, 'snapshots');
const folder = workFolder.path;
endOnSignals(workFolder);
try {
  measureChunks();
  await measureDisk();
  await measureAppends();
} finally {
  workFolder[Symbol.dispose]();
}

/** For each size of chunks: how fast 1 GiB goes in and out, and in how much memory. */
function measureChunks(): void {
  const script = fileURLToPath(new URL('snapshot-memory.js', import.meta.url));
  const table = new Table({ shouldDisableColors: true, columns: [{ name: 'chunk', title: '1 GiB in chunks of' }] });
  for (const chunkBytes of [64 * KIB, 128 * KIB, 256 * KIB, 512 * KIB, MIB]) {
    const path = join(folder, 'memory');
    const printed = execFileSync(process.execPath, [script, path, String(chunkBytes)], { encoding: 'utf8' });
    rmSync(path, { recursive: true });
    const { putSeconds, readSeconds, baseBytes, peakBytes } = JSON.parse(printed) as MemoryFigures;
    table.addRow({
      chunk: `${chunkBytes / KIB} KiB${chunkBytes === CHUNK_BYTES ? ', the default' : ''}`,
      'put, MiB/s': Math.round(1024 / putSeconds),
      'read, MiB/s': Math.round(1024 / readSeconds),
      'resident before, MB': Math.round(baseBytes / MB),
      'at most, MB': Math.round(peakBytes / MB),
      required: chunkBytes === CHUNK_BYTES ? '< 150' : '',
    });
  }
  table.printTable();
}

/** A snapshot of 200 MB, and ten that take its place, one after another. */
async function measureDisk(): Promise<void> {
  const path = join(folder, 'disk');
  const db = await Database.open(path, { columnFamilies: ['log', 'snapshots'] });
  const store = await SnapshotStore.openIn(db, 'snapshots');
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, bytesIn(path));
  }, 20);
  for (let i = 0; i <= 10; i++) await store.put('snapshot', i, megabytes(200));
  const atOnce = bytesIn(path);
  await sleep(3000);
  clearInterval(watch);
  const table = new Table({ shouldDisableColors: true, columns: [{ name: 'what', alignment: 'left' }] });
  const row = (what: string, bytes: number, required = '') =>
    table.addRow({ what, 'on disk, MB': Math.round(bytes / MB), required });
  row('after ten replaced snapshots of 200 MB', atOnce, '< 700');
  row('3 s later', bytesIn(path), '< 700');
  row('at most on the way', most);
  table.printTable();
  await db.close();
}

/** Appends to the log, alone and while 1 GiB is put, in turns. */
async function measureAppends(): Promise<void> {
  const db = await Database.open(join(folder, 'appends'), { columnFamilies: ['log', 'snapshots'] });
  const store = await SnapshotStore.openIn(db, 'snapshots');
  const log = await AsyncRocksdbStorage.openIn(db, 'log', { entryCodec: rawCodec });
  const table = new Table({ shouldDisableColors: true, columns: [{ name: 'round', alignment: 'left' }] });
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const alone = await appendUntil(log, sleep(ALONE_MS));
    const begun = performance.now();
    const beside = await appendUntil(log, store.put('snapshot', round, megabytes((1024 * MIB) / MB)));
    const seconds = (performance.now() - begun) / 1000;
    await sleep(3000); // the reclaimer finishes its work
    ratios.push(beside.percentile(99) / alone.percentile(99));
    table.addRow({
      round,
      'alone p50, ms': ms(alone.percentile(50)),
      'alone p99': ms(alone.percentile(99)),
      'beside p50': ms(beside.percentile(50)),
      'beside p99': ms(beside.percentile(99)),
      'beside p99.9': ms(beside.percentile(99.9)),
      'beside max': ms(beside.max),
      'put, s': seconds.toFixed(1),
      'p99 ÷ p99': (ratios.at(-1) as number).toFixed(2),
      required: '< 5',
    });
  }
  table.printTable();
  await db.close();
}

async function appendUntil(log: AsyncRocksdbStorage<Uint8Array>, end: Promise<unknown>): Promise<RecordableHistogram> {
  const histogram = createHistogram();
  let ended = false;
  const ending = end.finally(() => {
    ended = true;
  });
  while (!ended) {
    const start = process.hrtime.bigint();
    await log.appendEntry(ENTRY);
    histogram.record(process.hrtime.bigint() - start);
  }
  await ending;
  return histogram;
}

function* megabytes(count: number): Generator<Buffer> {
  const piece = randomFillSync(Buffer.alloc(MB));
  for (let i = 0; i < count; i++) {
    piece.writeUInt32LE(i);
    yield piece;
  }
}

function bytesIn(path: string): number {
  return readdirSync(path).reduce((bytes, name) => {
    return bytes + (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

function ms(ns: number): string {
  return (ns / 1e6).toFixed(2);
}
