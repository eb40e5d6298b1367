// The records of the demos: 20,000 real flights.

import { readFileSync } from 'node:fs';

export interface Flight {
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

/** Of January to March 2001, by date. */
export function readFlights(): Flight[] {
  const file = new URL('../data/flights-20k.json', import.meta.resolve('vega-datasets'));
  return JSON.parse(readFileSync(file, 'utf8')) as Flight[];
}
