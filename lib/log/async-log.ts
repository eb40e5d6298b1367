import { setImmediate } from 'node:timers/promises';
import { type Database, RocksError } from '../../binding/index.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import type { PackedRows } from '../../binding/packed-rows.js';
import type { Pages } from '../../binding/pages.js';
import type { CheckedOp } from '../contract/checked-op.js';
import type { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import { asStorageError, reported } from '../families/reported.js';
import { ballotCodec, stopsignCodec } from '../format/ballots.js';
import { CallOrder } from './call-order.js';
import type { Codecs } from './codecs.js';
import { type Cursor, EMPTY } from './cursor.js';
import { Failures } from './failures.js';
import { type LogAccess, refuseIfClosed, type SignalOf, type WriteExtras } from './log-access.js';
import { HIGHEST, LOWEST, LogFamily } from './log-family.js';
import {
  type LogPart,
  type Reading,
  type ReadStep,
  type RunRange,
  readIndex,
  readMeta,
  readPacked,
  readPart,
} from './readings.js';
import { RecordPacker } from './record-packer.js';
import { onlyAppends, type StorageRecord, type Transition, transition } from './transition.js';

/** A reading that has asked the disk for what it needs, if anything. */
interface Started<V> {
  steps: Reading<V>;
  step: IteratorResult<ReadStep, V>;
  pages: Pages<PackedRows | Buffer> | undefined;
}

/**
 * A log in a column family whose calls give promises, which settle in the order of the calls. A write takes effect on the
 * cursor at the call, on the disk later, with whatever else waits for it.
 */
export class AsyncLog<T, S> implements LogAccess<T, S, 'async'> {
  readonly codecs: Codecs<T, S>;
  readonly location: LogFamily;
  readonly failures = new Failures();
  readonly #packer: RecordPacker<T, S>;
  readonly #writer: number;
  readonly #order = new CallOrder();
  /** The log behind every write called so far. */
  #calledCursor = EMPTY;
  /** The log behind every write that has succeeded. */
  #writtenCursor = this.#calledCursor;
  #writesCalled = 0;
  /** The number of the first write that failed. */
  #failedWrite = Number.POSITIVE_INFINITY;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** To be opened. @throws StorageError COLUMN_FAMILY_NOT_FOUND, INVALID_ARGUMENT */
  constructor(database: Database, columnFamily: string, codecs: Codecs<T, S>) {
    this.codecs = codecs;
    this.location = new LogFamily(database, columnFamily);
    this.#packer = new RecordPacker(this.location.family, codecs);
    this.#writer = this.location.core.newWriter();
  }

  /** Finds the log that lies here. It alone may write to it from here on, until it is closed. */
  async open(): Promise<void> {
    const { location } = this;
    location.claim(this);
    try {
      const { core, family } = location;
      const [compactedIdx, decidedIdx, stopsign] = await Promise.all([
        this.read(() => readIndex('compactedIdx')),
        this.read(() => readIndex('decidedIdx')),
        this.read(() => readMeta('stopsign', stopsignCodec)),
        // Decoded once, so that a damaged record is found now and not in the middle of an election.
        this.read(() => readMeta('promise', ballotCodec)),
        this.read(() => readMeta('acceptedRound', ballotCodec)),
      ]);
      location.refuseForeign(await Promise.all(LogFamily.FOREIGN.map((range) => core.scan(family, range))));
      // Behind the reads above, which have waited for what was written before.
      const live = LogFamily.live(await core.scan(family, LOWEST), await core.scan(family, HIGHEST));
      this.#calledCursor = { live, compactedIdx, decidedIdx, hasStopsign: stopsign !== undefined };
      location.settle(this.#calledCursor);
    } catch (error) {
      location.release(this);
      throw asStorageError(error);
    }
    this.#writtenCursor = this.#calledCursor;
  }

  /** Once a write has failed, nothing that was called behind it is part of the log. */
  get cursor(): Cursor {
    return this.failures.isPoisoned ? this.#writtenCursor : this.#calledCursor;
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  write<V>(
    given: (cursor: Cursor) => readonly CheckedOp<T, S>[],
    result: (after: Cursor, before: Cursor) => V,
    extras: WriteExtras = {},
  ): Promise<V> {
    try {
      this.refuseIfClosed();
      const ops = given(this.cursor);
      const before = this.cursor; // what was given may have getters, and these may have written
      const next = transition(before, ops, this.location);
      if (next.records.length === 0 && !extras.alongside?.count) {
        return this.#behindWrites(() => this.#nothingToWrite(result(next.cursor, before)));
      }
      const outcome = this.#submit(next, ops, (after) => result(after, before), extras);
      this.#lastWrite = outcome;
      return this.#order.isIdle ? outcome : this.#order.enter(outcome);
    } catch (error) {
      return this.#behindWrites(() => {
        throw error; // refused before it was part of anything
      });
    }
  }

  #nothingToWrite<V>(result: V): V {
    this.failures.refuseIfPoisoned();
    return result;
  }

  #submit<V>(
    { records, sync: needsSync, cursor }: Transition<T, S>,
    ops: readonly CheckedOp<T, S>[],
    result: (cursor: Cursor) => V,
    extras: WriteExtras,
  ): Promise<V> {
    const sync = needsSync || extras.sync === true;
    const written = this.#begin(records, sync, ops, extras.alongside);
    const number = ++this.#writesCalled;
    this.#calledCursor = cursor;
    return written.then(
      () => {
        this.#writtenCursor = cursor;
        return result(cursor);
      },
      (error) => {
        this.#failedWrite = Math.min(this.#failedWrite, number);
        throw this.#failed(error, ops, sync);
      },
    );
  }

  #begin(
    records: readonly StorageRecord<T, S>[],
    sync: boolean,
    ops: readonly CheckedOp<T, S>[],
    alongside: PackedBatch | undefined,
  ): Promise<void> {
    try {
      this.failures.refuseIfPoisoned();
      const terms = { sync, writer: this.#writer, behindReads: !onlyAppends(this.#calledCursor, records) };
      const batch = this.#packer.pack(records, alongside);
      return reported(() => this.location.core.write(batch, terms));
    } catch (error) {
      this.failures.note(error, ops, sync);
      throw error;
    }
  }

  #failed(cause: unknown, ops: readonly CheckedOp<T, S>[], sync: boolean): unknown {
    const notAttempted =
      cause instanceof RocksError &&
      cause.code === 'ABORTED' &&
      this.failures.isPoisoned &&
      !this.failures.isCause(cause); // as for each write of a group that was aborted itself
    const error = notAttempted ? this.failures.refusal() : asStorageError(cause);
    this.failures.note(error, ops, sync);
    this.failures.poison(cause);
    return error;
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  read<V>(reading: (cursor: Cursor) => Reading<V>, signalOf?: SignalOf): Promise<V> {
    const { cursor } = this;
    const called = this.#writesCalled;
    let started: Started<V>;
    let signal: AbortSignal | undefined;
    try {
      this.refuseIfClosed();
      const steps = reading(cursor);
      signal = signalOf?.();
      signal?.throwIfAborted();
      started = this.#start(steps);
    } catch (error) {
      return this.#behindWrites(() => {
        throw asStorageError(error);
      });
    }
    return this.#behindWrites(() => {
      const { step } = started;
      const standsOnCursor = step.done || !('meta' in step.value);
      // No write that was called before has failed: the log is what it was taken for at the call.
      const isAsTaken = this.#failedWrite > called || cursor === this.#writtenCursor;
      if (isAsTaken || !standsOnCursor) return this.#finish(started, signal);
      started.pages?.abandon();
      return this.#finish(
        reported(() => this.#start(reading(this.#writtenCursor))),
        signal,
      );
    });
  }

  #start<V>(steps: Reading<V>): Started<V> {
    const step = steps.next();
    return { steps, step, pages: step.done ? undefined : this.location.readBehindWrites(step.value) };
  }

  async #finish<V>({ steps, step: first, pages }: Started<V>, signal: AbortSignal | undefined): Promise<V> {
    let step = first;
    try {
      while (!step.done) {
        signal?.throwIfAborted();
        const page = await (pages as Pages<PackedRows | Buffer>).next();
        step = steps.next(LogFamily.answer(step.value, page));
        if (!step.done) await setImmediate(); // a page is decoded in milliseconds, a log in many
      }
      return step.value;
    } catch (error) {
      throw asStorageError(error);
    } finally {
      pages?.abandon(); // a gap or a damaged entry ends a reading before its last page
    }
  }

  readPart(from: LogIndex, to: LogIndex, maxBytes: number): Promise<LogPart<T>> {
    const wasClosed = this.#isClosed;
    return this.#behindWrites(async () => {
      refuseIfClosed(wasClosed, this.location);
      const cursor = this.#writtenCursor;
      const steps = readPart(cursor, this.codecs.entry, from, to, maxBytes);
      const step = steps.next();
      if (step.done) return step.value;
      const page = 'from' in step.value ? await this.location.readPageLater(step.value) : undefined;
      return steps.next(page).value as LogPart<T>; // it takes one step
    });
  }

  packedNow(from: LogIndex, to: LogIndex): PackedEntries {
    refuseIfClosed(this.#isClosed, this.location);
    const steps = readPacked(this.cursor, from, to);
    let step = steps.next();
    while (!step.done) step = steps.next(this.location.readRun((step.value as { run: RunRange }).run));
    return step.value;
  }

  // ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  refuseIfClosed(): void {
    refuseIfClosed(this.#isClosed, this.location);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    let last: Promise<unknown>;
    do {
      last = this.#lastWrite;
      await this.#behindWrites(() => {});
    } while (last !== this.#lastWrite); // code of what is written has called this: that write is called before it
    this.location.release(this);
  }

  /** For all but writes: the database settles those in the order of the calls, and this settles the others in their turn. */
  #behindWrites<V>(outcome: () => V | Promise<V>): Promise<V> {
    return this.#order.enter(this.#lastWrite.then(outcome, outcome));
  }
}
