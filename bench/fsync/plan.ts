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
