// What the replica tells its parent. Each message is an acknowledgement: the storage's call has returned, so no crash of the
// process may undo what it did.

import { readFileSync } from 'node:fs';

export interface Flight {
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

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

/** 20,000 real flights of January to March 2001, by date. */
export function readFlights(): Flight[] {
  const file = new URL('../data/flights-20k.json', import.meta.resolve('vega-datasets'));
  return JSON.parse(readFileSync(file, 'utf8')) as Flight[];
}

export function countByOrigin(flights: readonly Flight[]): FlightCounts {
  const counts: FlightCounts = {};
  for (const { origin } of flights) counts[origin] = (counts[origin] ?? 0) + 1;
  return counts;
}
