// What a storage answers, as steps that need the disk: the blocking storages take each step at once, the asynchronous one
// awaits it. So there is one text of every read. A reading asks for one record, or for one range page by page.

import type { Codec } from './codec.js';
import type { Cursor } from './cursor.js';
import { META_KEYS, type MetaName } from './key-space.js';
import type { LogIndex } from './storage.js';
import { decodeIndex, decodeValue } from './values.js';

/** Needs the bytes of a meta record, or the entries of a range. */
export type ReadStep = { meta: Buffer } | { from: LogIndex; to: LogIndex };

/** Some of the entries of a range, from its start. */
export interface EntryPage {
  readonly count: number;
  /** @throws StorageError LOG_INTEGRITY */
  index(row: number): LogIndex;
  /** @throws StorageError CODEC */
  entry<T>(row: number, codec: Codec<T>): T;
  /** No entry of the range comes after these. */
  readonly isLast: boolean;
}

export type Reading<V> = Generator<ReadStep, V, unknown>;

function* meta(key: Buffer): Reading<Buffer | undefined> {
  return (yield { meta: key }) as Buffer | undefined;
}

function* page(from: LogIndex, to: LogIndex): Reading<EntryPage> {
  return (yield { from, to }) as EntryPage;
}

export function* readMeta<V>(name: MetaName, codec: Codec<V>): Reading<V | undefined> {
  const stored = yield* meta(META_KEYS[name]);
  return stored === undefined ? undefined : decodeValue(codec, stored, 0, stored.length, () => META_KEYS[name]);
}

/** 0 where none was set. */
export function* readIndex(name: 'decidedIdx' | 'compactedIdx'): Reading<LogIndex> {
  const stored = yield* meta(META_KEYS[name]);
  return stored === undefined ? 0 : decodeIndex(META_KEYS[name], stored);
}

/** All of `[from, to)`, or nothing. */
export function* readEntries<T>({ live }: Cursor, codec: Codec<T>, from: LogIndex, to: LogIndex): Reading<T[]> {
  const entries: T[] = [];
  if (from >= to || !live.mayHoldAll(from, to)) return entries;
  for (let next = from; next < to; ) {
    const rows = yield* page(next, to);
    for (let row = 0; row < rows.count; row++, next++) {
      if (rows.index(row) !== next) return [];
      entries.push(rows.entry(row, codec));
    }
    if (rows.isLast) return next === to ? entries : [];
  }
  return entries;
}

/** Every live entry at or past `from`. */
export function* readSuffix<T>({ live }: Cursor, codec: Codec<T>, from: LogIndex): Reading<T[]> {
  const entries: T[] = [];
  const { lowest, highest } = live;
  if (lowest === undefined || highest === undefined) return entries;
  for (let next = Math.max(from, lowest); next <= highest; ) {
    const rows = yield* page(next, highest + 1);
    for (let row = 0; row < rows.count; row++) {
      next = rows.index(row) + 1;
      entries.push(rows.entry(row, codec));
    }
    if (rows.isLast) break;
  }
  return entries;
}
