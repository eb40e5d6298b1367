import type { PackedBatch } from '../../binding/packed-batch.js';
import type { CheckedOp } from '../contract/checked-op.js';
import type { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import type { Codecs } from './codecs.js';
import type { Cursor } from './cursor.js';
import type { EntryRun } from './entry-run.js';
import { Failures } from './failures.js';
import type { Probe } from './live-ranges.js';
import { type LogAccess, refuseIfClosed, type SignalOf, type WriteExtras } from './log-access.js';
import type { LogFamily } from './log-family.js';
import {
  type EntryPage,
  finish,
  type LogPart,
  type PageStep,
  type Reading,
  type RunRange,
  readPacked,
  readPart,
} from './readings.js';
import { type StorageRecord, transition } from './transition.js';

/** Where a {@link BlockingLog} keeps its records. */
export interface RecordStore<T, S> extends Probe {
  readonly codecs: Codecs<T, S>;
  /** None in memory. */
  readonly location: LogFamily | undefined;
  /** The log that lies here. This store alone may write to it from here on, until {@link release}. */
  open(): Cursor;
  readMeta(key: Buffer): Buffer | undefined;
  readPage(step: PageStep): EntryPage;
  readRun(range: RunRange): EntryRun;
  /** All of `records` and of `alongside`, or nothing. Either may be empty. */
  commit(records: readonly StorageRecord<T, S>[], sync: boolean, alongside: PackedBatch | undefined): void;
  /** Another may open the log. */
  release(): void;
}

/** A log whose calls return once they are done. */
export class BlockingLog<T, S> implements LogAccess<T, S, 'blocking'> {
  readonly codecs: Codecs<T, S>;
  readonly location: LogFamily | undefined;
  readonly failures = new Failures();
  readonly #store: RecordStore<T, S>;
  #cursor: Cursor;
  #isClosed = false;
  /** Writes under way: code of what is written may write as well, or close the log. */
  #writing = 0;

  /** Throws what opening `store` does. */
  constructor(store: RecordStore<T, S>) {
    this.#store = store;
    this.codecs = store.codecs;
    this.location = store.location;
    this.#cursor = store.open();
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  write<V>(
    given: (cursor: Cursor) => readonly CheckedOp<T, S>[],
    result: (after: Cursor, before: Cursor) => V,
    extras: WriteExtras = {},
  ): V {
    this.refuseIfClosed();
    this.#writing++;
    try {
      return this.#write(given, result, extras);
    } finally {
      this.#writing--;
      this.#releaseIfDone();
    }
  }

  #write<V>(
    given: (cursor: Cursor) => readonly CheckedOp<T, S>[],
    result: (after: Cursor, before: Cursor) => V,
    extras: WriteExtras,
  ): V {
    const ops = given(this.#cursor);
    const before = this.#cursor; // what was given may have getters, and these may have written
    const { records, sync: needsSync, cursor } = transition(before, ops, this.#store);
    const sync = needsSync || extras.sync === true;
    try {
      this.failures.refuseIfPoisoned();
      this.#store.commit(records, sync, extras.alongside);
    } catch (error) {
      this.failures.note(error, ops, sync);
      throw error;
    }
    this.#cursor = cursor;
    return result(cursor, before);
  }

  read<V>(reading: (cursor: Cursor) => Reading<V>, signalOf?: SignalOf): V {
    this.refuseIfClosed();
    const steps = reading(this.#cursor);
    signalOf?.()?.throwIfAborted();
    return finish(steps, this.#store);
  }

  readPart(from: LogIndex, to: LogIndex, maxBytes: number): LogPart<T> {
    return this.read((cursor) => readPart(cursor, this.codecs.entry, from, to, maxBytes));
  }

  packedNow(from: LogIndex, to: LogIndex): PackedEntries {
    return this.read((cursor) => readPacked(cursor, from, to));
  }

  refuseIfClosed(): void {
    refuseIfClosed(this.#isClosed, this.location);
  }

  close(): void {
    this.#isClosed = true;
    this.#releaseIfDone();
  }

  /** Not before the write that has closed it is done: the next storage would not see that. */
  #releaseIfDone(): void {
    if (this.#isClosed && this.#writing === 0) this.#store.release();
  }
}
