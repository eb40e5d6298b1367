// The timed loops that every Node contestant shares. Latencies are kept as they come and counted afterwards, so that
// counting costs the measured loop nothing.

import { readFileSync } from 'node:fs';
import { createHistogram, type Histogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PERCENTILES, type PercentileName, type Percentiles, type Sample } from './protocol.js';

/** Milliseconds between two looks at the event loop. Its figures include them. */
const LOOP_SAMPLING_MS = 1;

/** Calls `call`, which blocks until its work is done, again and again for `ms`, at least once. */
export function measureBlocking(ms: number, entriesPerCall: number, call: () => void): Sample {
  const written = watchWrites();
  const latencies: number[] = [];
  const start = performance.now();
  let before = start;
  do {
    call();
    const after = performance.now();
    latencies.push(after - before);
    before = after;
  } while (before - start < ms);
  return toSample(latencies, entriesPerCall, before - start, written());
}

/** {@link measureBlocking} with `prepare` before each call. Neither the time nor the writes of `prepare` count. */
export function measurePrepared(ms: number, entriesPerCall: number, prepare: () => void, call: () => void): Sample {
  const latencies: number[] = [];
  const start = performance.now();
  let counted = 0;
  let after: number;
  do {
    prepare();
    const before = performance.now();
    call();
    after = performance.now();
    latencies.push(after - before);
    counted += after - before;
  } while (after - start < ms);
  return toSample(latencies, entriesPerCall, counted);
}

/** {@link measureBlocking} on an event loop that turns after every `callsPerTurn` calls. */
export async function measureTurns(
  ms: number,
  callsPerTurn: number,
  entriesPerCall: number,
  call: () => void,
): Promise<Sample> {
  const written = watchWrites();
  const latencies: number[] = [];
  const start = performance.now();
  let before = start;
  do {
    for (let calls = 0; calls < callsPerTurn; calls++) {
      before = performance.now();
      call();
      latencies.push(performance.now() - before);
    }
    await nextTurn();
  } while (before - start < ms);
  return toSample(latencies, entriesPerCall, performance.now() - start, written());
}

/** Keeps `inFlight` calls of `call` under way for `ms`: each that resolves is followed by the next. */
export async function measureInFlight(
  ms: number,
  inFlight: number,
  entriesPerCall: number,
  call: () => Promise<unknown>,
): Promise<Sample> {
  const written = watchWrites();
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
  return toSample(latencies, entriesPerCall, last - start, written());
}

/** How long each of many overlapping calls took, of one entry each. */
export class Latencies {
  readonly #start = performance.now();
  readonly #ms: number;
  readonly #latencies: number[] = [];
  #last = this.#start;

  /** For `ms`, at least one call. */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** A call that began at `begun` is over now. Returns whether another is to follow it. */
  add(begun: number, now: number): boolean {
    this.#latencies.push(now - begun);
    this.#last = now;
    return now - this.#start < this.#ms;
  }

  get sample(): Sample {
    return toSample(this.#latencies, 1, this.#last - this.#start);
  }
}

/** The sample of `measure`, and with it the delay of the event loop during it. */
export async function watchingLoop(measure: () => Promise<Sample>): Promise<Sample> {
  const delay = monitorEventLoopDelay({ resolution: LOOP_SAMPLING_MS });
  delay.enable();
  const sample = await measure();
  delay.disable();
  // In a short turn of long calls the loop may not have looked up twice.
  return delay.count === 0 ? sample : { ...sample, loopDelayUs: toPercentiles(delay) };
}

/** Of calls of `entriesPerCall` each, which took `latenciesMs`. */
export function toSample(
  latenciesMs: readonly number[],
  entriesPerCall: number,
  elapsedMs: number,
  writtenBytes?: number,
): Sample {
  const histogram = createHistogram();
  for (const ms of latenciesMs) histogram.record(Math.max(1, Math.round(ms * 1e6)));
  return {
    entries: latenciesMs.length * entriesPerCall,
    seconds: elapsedMs / 1000,
    latencyUs: toPercentiles(histogram),
    ...(writtenBytes !== undefined && { writtenBytes }),
  };
}

/** From a histogram of nanoseconds. */
function toPercentiles(histogram: Histogram): Percentiles {
  const named = Object.entries(PERCENTILES) as [PercentileName, number][];
  const ofAll = named.map(([name, percentile]) => [name, histogram.percentile(percentile) / 1000] as const);
  return { ...(Object.fromEntries(ofAll) as Percentiles), max: histogram.max / 1000 };
}

/** The bytes that this process hands to the storage layer from now on; Linux tells, for file systems on a disk. */
function watchWrites(): () => number | undefined {
  const before = writtenBytes();
  return () => {
    const after = writtenBytes();
    return before === undefined || after === undefined ? undefined : after - before;
  };
}

function writtenBytes(): number | undefined {
  try {
    const written = /^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1];
    return written === undefined ? undefined : Number(written);
  } catch {
    return undefined; // another system, or one that does not count
  }
}
