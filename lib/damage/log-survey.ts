// What lies in the column family of a log, record by record. Whether that is a log as it should be is judged elsewhere.

import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import { ballotCodec, stopsignCodec } from '../format/ballots.js';
import { readU64, showKey } from '../format/keys.js';
import {
  LOG_END,
  LOG_KEY_BYTES,
  LOG_START,
  logKey,
  META_KEYS,
  type MetaName,
  parseLogKey,
} from '../format/log-keys.js';
import { checkVersion, decodeIndex, decodeValue, VERSION_BYTES } from '../format/values.js';
import type { FamilyRow, FamilyRows, UnreadableKeys } from './family-rows.js';
import { addIndex, type IndexRun, outside } from './index-runs.js';
import { UnreadableRuns } from './unreadable-records.js';

/** How each is called in messages. */
export const META_WORDS: Readonly<Record<MetaName, string>> = {
  promise: 'promise',
  acceptedRound: 'accepted round',
  decidedIdx: 'decided index',
  compactedIdx: 'compaction floor',
  snapshot: 'snapshot',
  stopsign: 'stop-sign',
};

const META_NAMES = Object.keys(META_KEYS) as MetaName[];

/** A meta record; undefined where there is none. */
export type MetaState = { bytes: Buffer; reason?: never } | { bytes?: never; reason: string } | undefined;

export interface BadRun extends IndexRun {
  /** They are there, but not as they should be; or what is there cannot be read. */
  is: 'malformed' | 'unreadable';
  reason: string;
}

export interface ForeignRecords {
  count: number;
  /** As in messages. */
  first: string;
}

export class LogSurvey {
  readonly metas: Record<MetaName, MetaState> = {
    promise: undefined,
    acceptedRound: undefined,
    decidedIdx: undefined,
    compactedIdx: undefined,
    snapshot: undefined,
    stopsign: undefined,
  };
  /** Entries that are as they should be. */
  readonly good: IndexRun[] = [];
  /** All others that are known of. What a damaged file has may have been deleted: it counts from the floor on alone. */
  readonly bad: BadRun[] = [];
  readonly foreign: ForeignRecords = { count: 0, first: '' };
  /** Records that are no entries, of which only the key is known. */
  readonly unreadable = new UnreadableRuns();
  records = 0;
  bytes = 0;

  static async of(source: FamilyRows, entryCodec: Codec<unknown>): Promise<LogSurvey> {
    const survey = new LogSurvey();
    for await (const row of source.rows()) survey.#add(row, entryCodec);
    for (const keys of source.unreadable) survey.#addUnreadable(keys);
    survey.bad.sort((a, b) => a.from - b.from);
    return survey;
  }

  /** An index that is certain; undefined where its record is damaged. One that was never set is 0. */
  index(name: 'decidedIdx' | 'compactedIdx'): LogIndex | undefined {
    const state = this.metas[name];
    if (state === undefined) return 0;
    return state.bytes && decodeIndex(META_KEYS[name], state.bytes);
  }

  /** Behind the last entry that is known of. */
  get knownEnd(): LogIndex {
    return this.bad.reduce((end, { to }) => Math.max(end, to), this.good.at(-1)?.to ?? 0);
  }

  #add(row: FamilyRow, entryCodec: Codec<unknown>): void {
    this.records++;
    this.bytes += row.key.length + (row.value?.length ?? 0);
    const { key } = row;
    const meta = META_NAMES.find((name) => META_KEYS[name].equals(key));
    if (meta !== undefined) this.metas[meta] = checkedMeta(meta, row);
    else if (key.compare(LOG_START) >= 0 && key.compare(LOG_END) < 0) this.#addEntry(row, entryCodec);
    else this.#addForeign(row);
  }

  #addForeign({ key, reason }: FamilyRow): void {
    if (reason !== undefined) this.unreadable.add(key, reason);
    else if (this.foreign.count++ === 0) this.foreign.first = showKey(key);
  }

  #addEntry(row: FamilyRow, entryCodec: Codec<unknown>): void {
    const { key, value, reason } = row;
    let idx: LogIndex;
    try {
      idx = parseLogKey(key);
    } catch {
      this.#addForeign(row);
      return;
    }
    const run = { from: idx, to: idx + 1 };
    if (value === undefined) this.#addBad({ ...run, is: 'unreadable', reason });
    else {
      const malformed = refusalOf(() => decodeValue(entryCodec, value, 0, value.length, () => key));
      if (malformed === undefined) addIndex(this.good, run);
      else this.#addBad({ ...run, is: 'malformed', reason: malformed });
    }
  }

  /** The reason of a run is that of its first entry. */
  #addBad(run: BadRun): void {
    addIndex(this.bad, run, (last) => last.is === run.is);
  }

  #addUnreadable({ from, to, reason }: UnreadableKeys): void {
    const known = [...this.good, ...this.bad].sort((a, b) => a.from - b.from);
    for (const gap of outside(known, firstIndexFrom(from), firstIndexFrom(to))) {
      this.bad.push({ ...gap, is: 'unreadable', reason });
    }
    for (const name of META_NAMES) {
      const key = META_KEYS[name];
      const isHidden = key.compare(from) >= 0 && key.compare(to) < 0;
      if (isHidden && this.metas[name] === undefined) this.metas[name] = { reason };
    }
  }
}

/** The lowest index whose key is not before `key`. */
function firstIndexFrom(key: Buffer): LogIndex {
  if (key.compare(LOG_START) <= 0) return 0;
  if (key.compare(LOG_END) >= 0) return Number.MAX_SAFE_INTEGER;
  const padded = Buffer.alloc(LOG_KEY_BYTES);
  key.copy(padded);
  const idx = readU64(padded, LOG_START.length);
  if (!Number.isSafeInteger(idx)) return Number.MAX_SAFE_INTEGER;
  return logKey(idx).compare(key) < 0 ? idx + 1 : idx;
}

function checkedMeta(name: MetaName, { key, value, reason }: FamilyRow): MetaState {
  if (value === undefined) return { reason };
  const refusal = refusalOf(() => {
    if (name === 'decidedIdx' || name === 'compactedIdx') decodeIndex(key, value);
    else if (name === 'snapshot') checkVersion(value, 0, value.length, () => key);
    else decodeValue<unknown>(name === 'stopsign' ? stopsignCodec : ballotCodec, value, 0, value.length, () => key);
  });
  return refusal === undefined ? { bytes: Buffer.from(value) } : { reason: refusal };
}

function refusalOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What an entry takes, without its version byte, is for whoever knows its codec. */
export const frameCodec: Codec<unknown> = { encode: () => Buffer.alloc(VERSION_BYTES), decode: () => null };
