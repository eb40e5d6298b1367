import { readFileSync } from 'node:fs';

/** A record of the data set flights-20k of vega-datasets. */
export type Flight = Record<string, string | number>;

let allFlights: Flight[] | undefined;

/** The first `count` flights, at most 20,000. */
export function flights(count: number): Flight[] {
  const file = new URL('../data/flights-20k.json', import.meta.resolve('vega-datasets'));
  allFlights ??= JSON.parse(readFileSync(file, 'utf8')) as Flight[];
  return allFlights.slice(0, count);
}
