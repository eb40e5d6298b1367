// Lives one life, and looks at it at points that are evenly spread over it.

import { createHistogram } from 'node:perf_hooks';
import { median } from 'simple-statistics';
import { folderUse } from './folder-use.js';
import { ioCalls } from './io-calls.js';
import type { Life } from './life.js';
import { Logs } from './logs.js';
import type { LifeMessage } from './point.js';

const POINTS = 50;
const POINTS_PER_REOPENING = 5;
const READS = 21;
const READ_ENTRIES = 10;
const PROGRESS_MS = 250;

/** Appends `entries` to a new database at `path`. */
export async function live(
  life: Life,
  path: string,
  entries: number,
  tell: (message: LifeMessage) => void,
): Promise<void> {
  const begun = performance.now();
  let logs = await Logs.open(path, life);
  let appended = 0;
  let round = 0;
  let toldAt = begun;
  for (let at = 1; appended < entries; at++) {
    const goal = (entries * at) / POINTS;
    const appends = createHistogram();
    const before = { appended, at: performance.now() };
    do {
      appended += await logs.appendRound(round++, (us) => appends.record(Math.max(1, Math.round(us))));
      if (performance.now() - toldAt > PROGRESS_MS) {
        toldAt = performance.now();
        tell({ type: 'progress', entries: Math.min(appended, entries) });
      }
    } while (appended < goal);
    const seconds = (performance.now() - before.at) / 1000;
    const use = folderUse(path); // closing would change it
    const point = {
      seconds: (performance.now() - begun) / 1000,
      entries: appended,
      entriesPerSecond: (appended - before.appended) / seconds,
      p50Us: appends.percentile(50),
      p99Us: appends.percentile(99),
      residentBytes: process.memoryUsage().rss,
      ...use,
      rowsInFiles: logs.rowsInFiles(),
      ...(await measureReads(logs, Math.min(READ_ENTRIES, life.batch))),
    };
    if (at % POINTS_PER_REOPENING !== 0) {
      tell({ type: 'point', point });
      continue;
    }
    await logs[Symbol.asyncDispose]();
    const closed = { at: performance.now(), calls: ioCalls() };
    logs = await Logs.open(path, life);
    const reopenMs = performance.now() - closed.at;
    const calls = ioCalls();
    const counted = calls !== undefined && closed.calls !== undefined && { reopenCalls: calls - closed.calls };
    tell({ type: 'point', point: { ...point, reopenMs, ...counted } });
  }
  await logs[Symbol.asyncDispose]();
}

async function measureReads(logs: Logs, count: number): Promise<{ readOldestUs: number; readNewestUs: number }> {
  return {
    readOldestUs: await medianUs(() => logs.readOldest(count)),
    readNewestUs: await medianUs(() => logs.readNewest(count)),
  };
}

async function medianUs(read: () => Promise<unknown[]>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < READS; i++) {
    const begun = performance.now();
    await read();
    times.push((performance.now() - begun) * 1000);
  }
  return median(times);
}
