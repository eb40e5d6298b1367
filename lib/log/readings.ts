// Every read of a storage, written once: as steps, each of which asks the disk for something. The blocking storages answer a
// step at once, the asynchronous ones await the answer. A reading asks for one record, or for one range page by page.

import type { Codec } from '../contract/codec.js';
import { LENGTH_BYTES, PackedEntries } from '../contract/packed-entries.js';
import { PackedPage } from '../contract/packed-page.js';
import type { IndexedEntry, LogBounds, LogIndex } from '../contract/storage.js';
import { META_KEYS, type MetaName } from '../format/log-keys.js';
import { decodeIndex, decodeValue, VERSION_BYTES } from '../format/values.js';
import { type Cursor, nextIdx } from './cursor.js';
import { decodeRun } from './decode-run.js';
import type { EntryRun } from './entry-run.js';

/** Needs entries of a range, at most `limit` in all. */
export interface PageStep {
  from: LogIndex;
  to: LogIndex;
  limit?: number | undefined;
  /** A page ends with the entry that reaches this many bytes. Every step of one reading asks for the same. */
  pageBytes: number;
}
/** Needs entries from `from` on that lie one behind the other, below `to`. A page ends as that of a {@link PageStep}. */
export interface RunRange {
  from: LogIndex;
  to: LogIndex;
  pageBytes: number;
}
/** Needs entries, or the bytes of a meta record. */
export type ReadStep = { meta: Buffer } | { run: RunRange } | PageStep;

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
  readRun(range: RunRange): EntryRun;
}

/** What a reading finds, each of its steps answered as it is taken. */
export function finish<V>(steps: Reading<V>, answers: Answers): V {
  let step = steps.next();
  while (!step.done) {
    step = steps.next(answer(step.value, answers));
  }
  return step.value;
}

function answer(step: ReadStep, answers: Answers): unknown {
  if ('meta' in step) return answers.readMeta(step.meta);
  return 'run' in step ? answers.readRun(step.run) : answers.readPage(step);
}

function* meta(key: Buffer): Reading<Buffer | undefined> {
  return (yield { meta: key }) as Buffer | undefined;
}

function* page(step: PageStep): Reading<EntryPage> {
  return (yield step) as EntryPage;
}

function* entryRun(range: RunRange): Reading<EntryRun> {
  return (yield { run: range }) as EntryRun;
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

/** Takes the first `count` entries of a run, the first of them for `from`. */
type TakeRun = (run: EntryRun, from: LogIndex, count: number) => void;

/**
 * All of `[from, to)` up to the entry that reaches `maxBytes`; gives whether all of that is there. A gap behind that entry
 * does not count, also where it is known: it is not known of a log that was just opened.
 */
function* readRuns({ live }: Cursor, from: LogIndex, to: LogIndex, maxBytes: number, take: TakeRun): Reading<boolean> {
  const { start = 0, highest = -1 } = live;
  if (from >= to || from < start || to > highest + 1) return false;
  if (maxBytes === Number.POSITIVE_INFINITY && !live.mayHoldAll(from, to)) return false;
  const pageBytes = Math.min(maxBytes, PAGE_BYTES);
  let bytesLeft = maxBytes;
  for (let next = from; next < to; ) {
    const run = yield* entryRun({ from: next, to, pageBytes });
    const { length, byteLength } = run.entries;
    const storedBytes = byteLength + length * VERSION_BYTES;
    const count = storedBytes < bytesLeft ? length : countReaching(run.entries, bytesLeft);
    take(run, next, count);
    if (storedBytes >= bytesLeft) return true;
    next += length;
    bytesLeft -= storedBytes;
    if (next < to && !run.isFull) {
      run.refuseDamage();
      return false;
    }
  }
  return true;
}

/** How many of the first `entries` it takes to reach `maxBytes`, as they are stored; all together do. */
function countReaching(entries: PackedEntries, maxBytes: number): number {
  const { starts } = entries;
  let count = 0;
  for (let bytes = 0; bytes < maxBytes; count++) {
    bytes += (starts[count + 1] as number) - (starts[count] as number) - LENGTH_BYTES + VERSION_BYTES;
  }
  return count;
}

/** All of `[from, to)` up to the entry that reaches `maxBytes`, or nothing. */
export function* readEntries<T>(
  cursor: Cursor,
  codec: Codec<T>,
  from: LogIndex,
  to: LogIndex,
  maxBytes = Number.POSITIVE_INFINITY,
): Reading<T[]> {
  const entries: T[] = [];
  const areThere = yield* readRuns(cursor, from, to, maxBytes, (run, index, count) =>
    decodeRun(run, index, count, codec, entries),
  );
  return areThere ? entries : [];
}

/** The same entries as they are stored, without a version, in memory of their own. */
export function* readPacked(
  cursor: Cursor,
  from: LogIndex,
  to: LogIndex,
  maxBytes = Number.POSITIVE_INFINITY,
): Reading<PackedEntries> {
  const parts: PackedEntries[] = [];
  const areThere = yield* readRuns(cursor, from, to, maxBytes, ({ entries, isBorrowed }, _, count) => {
    const part = entries.part(0, count);
    parts.push(isBorrowed ? part.copy() : part);
  });
  return PackedEntries.concat(areThere ? parts : []);
}

/** {@link readPacked}, for the caller. */
export function* readPage(cursor: Cursor, from: LogIndex, to: LogIndex, maxBytes: number): Reading<PackedPage> {
  return new PackedPage(from + 0, yield* readPacked(cursor, from, to, maxBytes));
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
