// What is written and read: the same for every contestant.

import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ENTRY_BYTES } from './protocol.js';

/** A record of the data set flights-20k of vega-datasets. */
export type Flight = Record<string, string | number>;

/** `count` entries of random bytes, so that no contestant gains by compressing them. */
export function rawEntries(count: number, bytes = ENTRY_BYTES): Buffer[] {
  return Array.from({ length: count }, () => randomFillSync(Buffer.allocUnsafeSlow(bytes)));
}

let allFlights: Flight[] | undefined;

/** The first `count` flights, at most 20,000. */
export function flights(count: number): Flight[] {
  const file = new URL('../data/flights-20k.json', import.meta.resolve('vega-datasets'));
  allFlights ??= JSON.parse(readFileSync(file, 'utf8')) as Flight[];
  return allFlights.slice(0, count);
}

/** Hands out the elements of a list again and again. */
export function cycle<T>(list: readonly T[]): () => T {
  let at = 0;
  return () => {
    const element = list[at] as T;
    at = (at + 1) % list.length;
    return element;
  };
}
