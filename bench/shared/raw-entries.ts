import { randomFillSync } from 'node:crypto';
import { ENTRY_BYTES } from './protocol.js';

/** So many that no store sees the same entry twice in a row, and so few that all stay in the processor's caches. */
export const DIFFERENT_ENTRIES = 64;

/** `count` entries of random bytes, so that no contestant gains by compressing them. */
export function rawEntries(count: number, bytes = ENTRY_BYTES): Buffer[] {
  return Array.from({ length: count }, () => randomFillSync(Buffer.allocUnsafeSlow(bytes)));
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
