import type { PeerName } from '../shared/peers/index.js';

/** What a run is asked to measure. */
export interface Plan {
  /** Of the whole run. */
  durationS: number;
  /** Sizes of the entry-size sweep; the first is that of all other measurements. */
  entryBytes: readonly number[];
  /** Entries per append. */
  batch: readonly number[];
  /** Asynchronous appends at a time. */
  inFlight: readonly number[];
  peers: readonly PeerName[];
  /** The p99 latency that the recommendation must keep to. */
  budgetMs: number;
}

export const DEFAULT_PLAN: Plan = {
  durationS: 110,
  entryBytes: [128, 64, 1024, 8192, 65_536, 1_048_576],
  batch: [1, 4, 16, 64, 256, 1024],
  inFlight: [1, 4, 16, 64, 256, 1024],
  peers: [],
  budgetMs: 10,
};

/** The most bytes that one call, or all calls in flight together, may carry. */
const MOST_BYTES_AT_ONCE = 64 * 1024 ** 2;

/** @throws Error where what is asked for would measure the memory rather than the disk */
export function checkPlan({ entryBytes: [bytes = 0, ...others], batch, inFlight }: Plan): void {
  const most = Math.max(bytes * Math.max(...batch, ...inFlight), ...others);
  if (most > MOST_BYTES_AT_ONCE) {
    throw new Error(`${most} bytes would be written at once: at most ${MOST_BYTES_AT_ONCE} (64 MiB) may be`);
  }
}
