// Every read of a storage, written once: as steps, each of which asks the disk for something. The blocking storages answer a
// step at once, the asynchronous ones await the answer. A reading asks for one record, or for one range page by page.

import type { Codec } from '../contract/codec.js';
import type { IndexedEntry, LogBounds, LogIndex } from '../contract/storage.js';
import { META_KEYS, type MetaName } from '../format/log-keys.js';
import { decodeIndex, decodeValue } from '../format/values.js';
import { type Cursor, nextIdx } from './cursor.js';

/** Needs entries of a range, at most `limit` in all. */
export interface PageStep {
  from: LogIndex;
  to: LogIndex;
  limit?: number | undefined;
  /** A page ends with the entry that reaches this many bytes. Every step of one reading asks for the same. */
  pageBytes: number;
}
/** Needs entries, or the bytes of a meta record. */
export type ReadStep = { meta: Buffer } | PageStep;

/** Some of the entries of a range, from its start. */
export interface EntryPage {
  readonly count: number;
  /** @throws StorageError LOG_INTEGRITY */
  index(row: number): LogIndex;
  /** @throws StorageError CODEC */
  entry<T>(row: number, codec: Codec<T>): T;
  /** Bytes of the entry as it is stored. */
  byteLength(row: number): number;
  /** No entry of the range comes after these. */
  readonly isLast: boolean;
}

/** Some of the live entries of a range, and where the rest of it begins; nothing where there is no rest. */
export interface LogPart<T> {
  entries: IndexedEntry<T>[];
  rest: LogIndex | undefined;
}

/** Bytes of one crossing of a long read. */
export const PAGE_BYTES = 4 * 1024 * 1024;

export type Reading<V> = Generator<ReadStep, V, unknown>;

/** What answers the steps of a reading at once. */
export interface Answers {
  readMeta(key: Buffer): Buffer | undefined;
  readPage(step: PageStep): EntryPage;
}

/** What a reading finds, each of its steps answered as it is taken. */
export function finish<V>(steps: Reading<V>, answers: Answers): V {
  let step = steps.next();
  while (!step.done) {
    const { value } = step;
    step = steps.next('meta' in value ? answers.readMeta(value.meta) : answers.readPage(value));
  }
  return step.value;
}

function* meta(key: Buffer): Reading<Buffer | undefined> {
  return (yield { meta: key }) as Buffer | undefined;
}

function* page(step: PageStep): Reading<EntryPage> {
  return (yield step) as EntryPage;
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

export function* readBounds(cursor: Cursor): Reading<LogBounds> {
  const { live } = cursor;
  const next = nextIdx(cursor);
  if (live.whereLowestIs === undefined) return { first: live.start ?? next, next };
  const lowest = yield* page({ ...live.whereLowestIs, limit: 1, pageBytes: PAGE_BYTES });
  return { first: lowest.index(0), next };
}

/**
 * All of `[from, to)` up to the entry that reaches `maxBytes`, or nothing. A gap behind that entry does not count, also where
 * it is known: it is not known of a log that was just opened.
 */
export function* readEntries<T>(
  { live }: Cursor,
  codec: Codec<T>,
  from: LogIndex,
  to: LogIndex,
  maxBytes = Number.POSITIVE_INFINITY,
): Reading<T[]> {
  const entries: T[] = [];
  const { start = 0, highest = -1 } = live;
  if (from >= to || from < start || to > highest + 1) return entries;
  if (maxBytes === Number.POSITIVE_INFINITY && !live.mayHoldAll(from, to)) return entries;
  const pageBytes = Math.min(maxBytes, PAGE_BYTES);
  let bytes = 0;
  for (let next = from; next < to; ) {
    const rows = yield* page({ from: next, to, pageBytes });
    for (let row = 0; row < rows.count; row++, next++) {
      if (rows.index(row) !== next) return [];
      entries.push(rows.entry(row, codec));
      bytes += rows.byteLength(row);
      if (bytes >= maxBytes) return entries;
    }
    if (rows.isLast) return next === to ? entries : [];
  }
  return entries;
}

/** Every live entry at or past `from`. */
export function* readSuffix<T>({ live }: Cursor, codec: Codec<T>, from: LogIndex): Reading<T[]> {
  const entries: T[] = [];
  const { start, highest } = live;
  if (start === undefined || highest === undefined) return entries;
  for (let next = Math.max(from, start); next <= highest; ) {
    const rows = yield* page({ from: next, to: highest + 1, pageBytes: PAGE_BYTES });
    for (let row = 0; row < rows.count; row++) {
      next = rows.index(row) + 1;
      entries.push(rows.entry(row, codec));
    }
    if (rows.isLast) break;
  }
  return entries;
}

/** One page of the live entries of `[from, to)`. */
export function* readPart<T>(
  { live }: Cursor,
  codec: Codec<T>,
  from: LogIndex,
  to: LogIndex,
  pageBytes: number,
): Reading<LogPart<T>> {
  const { start, highest } = live;
  if (start === undefined || highest === undefined) return { entries: [], rest: undefined };
  const first = Math.max(from, start);
  const end = Math.min(to, highest + 1);
  if (first >= end) return { entries: [], rest: undefined };
  const rows = yield* page({ from: first, to: end, pageBytes });
  const entries = Array.from({ length: rows.count }, (_, row) => ({
    index: rows.index(row),
    entry: rows.entry(row, codec),
  }));
  const last = entries.at(-1);
  return { entries, rest: rows.isLast || last === undefined ? undefined : last.index + 1 };
}
