// Where each record of a storage lies in its column family.
//
//   | key                       | record                                 | value                         |
//   |---------------------------|----------------------------------------|-------------------------------|
//   | "L/" + index, u64 BE      | a log entry                            | version byte, codec's bytes   |
//   | "M/promise"               | the promised ballot                    | version byte, MessagePack     |
//   | "M/accepted_round"        | the accepted round, a ballot           | version byte, MessagePack     |
//   | "M/decided_idx"           | the decided index                      | u64 BE                        |
//   | "M/compacted_idx"         | the compaction floor                   | u64 BE                        |
//   | "M/snapshot"              | the snapshot                           | version byte, codec's bytes   |
//   | "M/stopsign"              | the stop-sign                          | version byte, MessagePack     |

import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { readU64, showKey, writeU64 } from './keys.js';

export const LOG_KEY_BYTES = 10;
const PREFIX_BYTES = 2;

/** Bounds of everything that starts with "L/": `[start, end)`. */
export const LOG_START = Buffer.from('L/');
export const LOG_END = Buffer.from('L0');

export const META_KEYS = {
  promise: Buffer.from('M/promise'),
  acceptedRound: Buffer.from('M/accepted_round'),
  decidedIdx: Buffer.from('M/decided_idx'),
  compactedIdx: Buffer.from('M/compacted_idx'),
  snapshot: Buffer.from('M/snapshot'),
  stopsign: Buffer.from('M/stopsign'),
} as const;

const META_IN_ORDER = Object.values(META_KEYS).sort(Buffer.compare);

/** All that must be empty in a column family that holds a log: what lies before, between and behind its records. */
export const FOREIGN_TO_LOG: readonly { gte?: Buffer; gt?: Buffer; lt?: Buffer }[] = [
  { lt: LOG_START },
  { gte: LOG_END, lt: META_IN_ORDER[0] as Buffer },
  ...META_IN_ORDER.map((key, i) => {
    const next = META_IN_ORDER[i + 1];
    return next === undefined ? { gt: key } : { gt: key, lt: next };
  }),
];

export type MetaName = keyof typeof META_KEYS;

export function logKey(idx: LogIndex): Buffer {
  const key = Buffer.allocUnsafe(LOG_KEY_BYTES);
  writeLogKey(key, 0, idx);
  return key;
}

export function writeLogKey(target: Buffer, at: number, idx: LogIndex): void {
  target[at] = 0x4c; // L
  target[at + 1] = 0x2f; // /
  writeU64(target, at + PREFIX_BYTES, idx);
}

/** @throws StorageError LOG_INTEGRITY where `key` is no log key, or its index past what a number can hold */
export function parseLogKey(key: Buffer): LogIndex {
  return readLogKey(key, 0, key.length);
}

/** {@link parseLogKey} for the key in `[start, end)` of `bytes`. */
export function readLogKey(bytes: Buffer, start: number, end: number): LogIndex {
  const idx = end - start === LOG_KEY_BYTES ? readU64(bytes, start + PREFIX_BYTES) : Number.NaN;
  if (!Number.isSafeInteger(idx)) {
    const shown = showKey(bytes.subarray(start, end));
    throw new StorageError('LOG_INTEGRITY', `malformed log key ${shown}: "L/" and a u64 below 2^53 were expected`);
  }
  return idx;
}
