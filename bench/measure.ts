// The timed loops that every Node contestant shares. Latencies are kept as they come and counted afterwards, so that
// counting costs the measured loop nothing.

import { createHistogram, type Histogram } from 'node:perf_hooks';
import type { Percentiles, Sample } from './protocol.js';

/** Calls `call` again and again for `ms`, at least once; it blocks until its work is done. */
export function measureBlocking(ms: number, entriesPerCall: number, call: () => void): Sample {
  const latencies: number[] = [];
  const start = performance.now();
  let before = start;
  do {
    call();
    const after = performance.now();
    latencies.push(after - before);
    before = after;
  } while (before - start < ms);
  return toSample(latencies, entriesPerCall, before - start);
}

/** Keeps `inFlight` calls of `call` under way for `ms`: each that resolves is followed by the next. */
export async function measureInFlight(
  ms: number,
  inFlight: number,
  entriesPerCall: number,
  call: () => Promise<unknown>,
): Promise<Sample> {
  const latencies: number[] = [];
  const start = performance.now();
  let last = start;
  const caller = async () => {
    let before = performance.now();
    do {
      await call();
      last = performance.now();
      latencies.push(last - before);
      before = last;
    } while (before - start < ms);
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return toSample(latencies, entriesPerCall, last - start);
}

function toSample(latenciesMs: readonly number[], entriesPerCall: number, elapsedMs: number): Sample {
  const histogram = createHistogram();
  for (const ms of latenciesMs) histogram.record(Math.max(1, Math.round(ms * 1e6)));
  return {
    entries: latenciesMs.length * entriesPerCall,
    seconds: elapsedMs / 1000,
    latencyUs: toPercentiles(histogram),
  };
}

/** Of a histogram of nanoseconds. */
export function toPercentiles(histogram: Histogram): Percentiles {
  const microseconds = (percentile: number) => histogram.percentile(percentile) / 1000;
  return {
    p50: microseconds(50),
    p90: microseconds(90),
    p99: microseconds(99),
    'p99.9': microseconds(99.9),
    max: histogram.max / 1000,
  };
}
