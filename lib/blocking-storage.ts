// The whole Storage contract over four things that differ between a storage on disk and one in memory: reading a meta
// record, reading a range of entries, probing, and committing records. Every mutation goes through `transition`.

import { type Codec, msgpackCodec } from './codec.js';
import { type Cursor, firstIdx, logLength, nextIdx } from './cursor.js';
import { META_KEYS, parseLogKey } from './key-space.js';
import type { Probe } from './live-ranges.js';
import type { Codecs } from './record-sink.js';
import type { Ballot, LogIndex, StopSign, Storage, StorageOp } from './storage.js';
import { type Transition, transition } from './transition.js';
import { checkIndex, checkOp, checkOps } from './validate.js';
import { ballotCodec, decodeIndex, decodeValue, stopsignCodec } from './values.js';

export interface StorageOptions<T, S> {
  /** Default: {@link msgpackCodec}. */
  entryCodec?: Codec<T>;
  /** Default: {@link msgpackCodec}. */
  snapshotCodec?: Codec<S>;
}

/** Where the log begins and ends: `[first, next)`, gaps included. */
export interface LogBounds {
  /** The lowest live index; `next` where there is none. */
  first: LogIndex;
  /** Where the next append lands. */
  next: LogIndex;
}

/** Stops the reading by returning false. The buffers are used again: copy what you keep. */
export type VisitEntry = (key: Buffer, value: Buffer) => boolean;

export abstract class BlockingStorage<T, S> implements Storage<T, S> {
  protected readonly codecs: Codecs<T, S>;
  protected abstract cursor: Cursor;

  constructor(options: StorageOptions<T, S> = {}) {
    this.codecs = {
      entry: options.entryCodec ?? msgpackCodec<T>(),
      snapshot: options.snapshotCodec ?? msgpackCodec<S>(),
    };
  }

  protected abstract readMeta(key: Buffer): Buffer | undefined;
  /** What is stored in `[from, to)`, in order. */
  protected abstract readEntries(from: LogIndex, to: LogIndex, visit: VisitEntry): void;
  protected abstract readonly probe: Probe;
  /** All of `next.records` or none. `ops` are what they came from. */
  protected abstract commit(next: Transition<T, S>, ops: readonly StorageOp<T, S>[]): void;

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  writeAtomically(ops: readonly StorageOp<T, S>[]): void {
    this.#perform(checkOps<T, S>(ops));
  }

  #performOne(op: StorageOp<T, S>): number {
    checkOp('', op);
    return this.#perform([op]);
  }

  #perform(ops: readonly StorageOp<T, S>[]): number {
    const next = transition(this.cursor, ops, this.probe);
    if (next.records.length > 0) this.commit(next, ops);
    this.cursor = next.cursor;
    return logLength(next.cursor);
  }

  appendEntry(entry: T): number {
    return this.#performOne({ type: 'appendEntry', entry });
  }

  appendEntries(entries: readonly T[]): number {
    return this.#performOne({ type: 'appendEntries', entries });
  }

  appendOnPrefix(fromIdx: LogIndex, entries: readonly T[]): number {
    return this.#performOne({ type: 'appendOnPrefix', fromIdx, entries });
  }

  setPromise(ballot: Ballot): void {
    this.#performOne({ type: 'setPromise', ballot });
  }

  setAcceptedRound(ballot: Ballot): void {
    this.#performOne({ type: 'setAcceptedRound', ballot });
  }

  setDecidedIdx(idx: LogIndex): void {
    this.#performOne({ type: 'setDecidedIdx', idx });
  }

  setStopsign(stopsign: StopSign | undefined): void {
    this.#performOne({ type: 'setStopsign', stopsign });
  }

  trim(idx: LogIndex): void {
    this.#performOne({ type: 'trim', idx });
  }

  setCompactedIdx(idx: LogIndex): void {
    this.#performOne({ type: 'setCompactedIdx', idx });
  }

  setSnapshot(snapshot: S | undefined): void {
    this.#performOne({ type: 'setSnapshot', snapshot });
  }

  compact(idx: LogIndex, snapshot?: S): void {
    checkIndex('idx', idx);
    const saved: StorageOp<T, S>[] = snapshot === undefined ? [] : [{ type: 'setSnapshot', snapshot }];
    this.#perform([...saved, { type: 'trim', idx }, { type: 'setCompactedIdx', idx }]);
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  getPromise(): Ballot | undefined {
    return this.#readValue(META_KEYS.promise, ballotCodec);
  }

  getAcceptedRound(): Ballot | undefined {
    return this.#readValue(META_KEYS.acceptedRound, ballotCodec);
  }

  getDecidedIdx(): LogIndex {
    const stored = this.readMeta(META_KEYS.decidedIdx);
    return stored === undefined ? 0 : decodeIndex(META_KEYS.decidedIdx, stored);
  }

  getCompactedIdx(): LogIndex {
    return this.cursor.compactedIdx;
  }

  getStopsign(): StopSign | undefined {
    return this.#readValue(META_KEYS.stopsign, stopsignCodec);
  }

  getSnapshot(): S | undefined {
    return this.#readValue(META_KEYS.snapshot, this.codecs.snapshot);
  }

  getLogLen(): number {
    return logLength(this.cursor);
  }

  /** Known without reading the log. */
  getBounds(): LogBounds {
    return { first: firstIdx(this.cursor), next: nextIdx(this.cursor) };
  }

  getEntries(from: LogIndex, to: LogIndex): T[] {
    checkIndex('from', from);
    checkIndex('to', to);
    if (from >= to || !this.cursor.live.mayHoldAll(from, to)) return [];
    const entries: T[] = [];
    this.readEntries(from, to, (key, value) => {
      if (parseLogKey(key) !== from + entries.length) return false;
      entries.push(decodeValue(this.codecs.entry, key, value));
      return true;
    });
    return entries.length === to - from ? entries : [];
  }

  getSuffix(from: LogIndex): T[] {
    checkIndex('from', from);
    const { lowest, highest } = this.cursor.live;
    if (lowest === undefined || highest === undefined || from > highest) return [];
    const entries: T[] = [];
    this.readEntries(Math.max(from, lowest), highest + 1, (key, value) => {
      parseLogKey(key);
      entries.push(decodeValue(this.codecs.entry, key, value));
      return true;
    });
    return entries;
  }

  #readValue<V>(key: Buffer, codec: Codec<V>): V | undefined {
    const stored = this.readMeta(key);
    return stored === undefined ? undefined : decodeValue(codec, key, stored);
  }
}
