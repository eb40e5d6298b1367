// What the harness itself adds to what it measures.

import { closeSync, openSync, writeSync } from 'node:fs';
import { devNull } from 'node:os';
import { createHistogram } from 'node:perf_hooks';
import { measureBlocking, measureInFlight } from '../shared/measure.js';

export interface Overhead {
  /** Inside every measured latency: reading the clock once and keeping the result. */
  perCallNs: number;
  /** The same for an asynchronous call, which also waits for a promise that is settled already. */
  perAsyncCallNs: number;
  /** Only inside the disk's figures: what Node adds to a system call. Each write there makes two calls. */
  perSystemCallNs: number;
  /** After each turn, outside every figure: counting one latency into the histogram. */
  perRecordNs: number;
}

const MS = 40;
const RECORDS = 1000;

export async function measureOverhead(): Promise<Overhead> {
  const resolved = Promise.resolve();
  const nothing = openSync(devNull, 'w');
  const byte = Buffer.alloc(1);
  measureBlocking(MS / 4, 1, () => {}); // compiles what the next lines measure
  await measureInFlight(MS / 4, 1, 1, () => resolved);
  const call = measureBlocking(MS, 1, () => {});
  const asyncCall = await measureInFlight(MS, 1, 1, () => resolved);
  const systemCall = measureBlocking(MS, 1, () => writeSync(nothing, byte));
  closeSync(nothing);

  const histogram = createHistogram();
  const record = measureBlocking(MS, RECORDS, () => {
    for (let i = 1; i <= RECORDS; i++) histogram.record(i);
  });
  const nanoseconds = ({ seconds, entries }: { seconds: number; entries: number }) =>
    Math.round((seconds / entries) * 1e9);
  const perCallNs = nanoseconds(call);
  return {
    perCallNs,
    perAsyncCallNs: nanoseconds(asyncCall),
    perSystemCallNs: Math.max(0, nanoseconds(systemCall) - perCallNs),
    perRecordNs: nanoseconds(record),
  };
}
