// What the replica tells its parent. Each message is an acknowledgement: the storage's call has returned, so no crash of the
// process may undo what it did.

import type { Flight } from '../flights.js';

/** Flights per airport of origin. */
export type FlightCounts = Record<string, number>;

export type Acknowledgement = (
  | { what: 'promise'; n: number }
  | { what: 'acceptedRound'; n: number }
  | { what: 'appended'; next: number }
  | { what: 'decided'; idx: number }
  | { what: 'compacted'; idx: number }
  | { what: 'done' }
) & {
  /** Fsyncs of this process so far. */
  fsyncs: number;
};

export function countByOrigin(flights: readonly Flight[]): FlightCounts {
  const counts: FlightCounts = {};
  for (const { origin } of flights) counts[origin] = (counts[origin] ?? 0) + 1;
  return counts;
}
