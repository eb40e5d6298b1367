import { setImmediate } from 'node:timers/promises';
import { type ColumnFamily, type Database, RocksError, type WriteBatch } from '../../binding/index.js';
import type { Pages } from '../../binding/pages.js';
import type { AtomicWriteOptions, StorageOptions } from '../contract/options.js';
import type { AsyncStorage, StorageOp } from '../contract/storage.js';
import { asStorageError, reported } from '../families/reported.js';
import { CallOrder } from './call-order.js';
import { type Cursor, EMPTY } from './cursor.js';
import { Failures } from './failures.js';
import { FOREIGN, HIGHEST, LOWEST, LogFamily } from './log-family.js';
import { type Reading, type ReadStep, readIndex } from './readings.js';
import { RecordPacker } from './record-packer.js';
import { StorageMethods } from './storage-methods.js';
import { onlyAppends, type StorageRecord, type Transition, transition, type UnsyncedOp } from './transition.js';

/** A reading that has asked the disk for what it needs, if anything. */
interface Started<V> {
  steps: Reading<V>;
  step: IteratorResult<ReadStep, V>;
  pages: Pages | undefined;
}

/**
 * {@link RocksdbStorage} with promises, and an event loop that never waits for the disk. What is given is encoded, and the
 * index of an append fixed, at the call; the promise settles once the write is durable. All writes of a database that wait,
 * of every log and store, share one fsync (group commit). Results settle in the order of the calls, and a read gives what
 * the calls before it leave, whatever is called behind it.
 *
 * If a write fails, it and everything called behind it reject, the latter with `POISONED`; the log is then what it was
 * before, and further writes are refused until the database is reopened. Reads go on.
 *
 * One call looks at the disk itself: an `appendOnPrefix` that cuts into the part of the log that was there at open.
 */
export class AsyncRocksdbStorage<T, S = unknown> extends StorageMethods<T, S, 'async'> implements AsyncStorage<T, S> {
  readonly #log: LogFamily;
  readonly #packer: RecordPacker<T, S>;
  readonly #writer: number;
  readonly #failures = new Failures();
  readonly #order = new CallOrder();
  /** Behind every write called so far. */
  #cursor = EMPTY;
  /** Behind every write that has succeeded. */
  #writtenCursor = this.#cursor;
  #writesCalled = 0;
  /** The number of the first write that failed. */
  #failedWrite = Number.POSITIVE_INFINITY;
  #lastWrite: Promise<unknown> = Promise.resolve();

  /**
   * Reads the two ends of the log and its meta records, never the log itself. The column family must exist.
   * Rejects with what {@link RocksdbStorage.openIn} throws.
   */
  static async openIn<T, S = unknown>(
    db: Database,
    columnFamily: string,
    options?: StorageOptions<T, S>,
  ): Promise<AsyncRocksdbStorage<T, S>> {
    const storage = new AsyncRocksdbStorage(db, columnFamily, options);
    await storage.#open();
    return storage;
  }

  private constructor(database: Database, columnFamily: string, options: StorageOptions<T, S> | undefined) {
    super(options);
    this.#log = new LogFamily(database, columnFamily);
    this.#packer = new RecordPacker(this.#log.family, this.codecs);
    this.#writer = this.#log.core.newWriter();
  }

  async #open(): Promise<void> {
    const [compactedIdx, decidedIdx, stopsign] = await Promise.all([
      this.read(() => readIndex('compactedIdx')),
      this.getDecidedIdx(),
      this.getStopsign(),
      // Decoded once, so that a damaged record is found now and not in the middle of an election.
      this.getPromise(),
      this.getAcceptedRound(),
    ]);
    const { core, family } = this.#log;
    try {
      this.#log.claim(await Promise.all(FOREIGN.map((range) => core.scan(family, range))));
      // Behind the reads above, which have waited for what was written before.
      const lowest = await core.scan(family, LOWEST);
      const highest = await core.scan(family, HIGHEST);
      const live = LogFamily.live(lowest, highest);
      this.#cursor = { live, compactedIdx, decidedIdx, hasStopsign: stopsign !== undefined };
    } catch (error) {
      throw asStorageError(error);
    }
    this.#writtenCursor = this.#cursor;
  }

  /** @internal */
  get family(): ColumnFamily {
    return this.#log.family;
  }

  /** How often a write that need not be synced has failed, by operation. */
  get failedUnsyncedWrites(): Readonly<Record<UnsyncedOp, number>> {
    return this.#failures.unsynced;
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  protected override write<V>(
    given: (cursor: Cursor) => readonly StorageOp<T, S>[],
    result: (cursor: Cursor) => V,
    options?: AtomicWriteOptions,
  ): Promise<V> {
    try {
      const ops = given(this.#cursor);
      const next = transition(this.#cursor, ops, this.#log);
      if (next.records.length === 0 && !options?.alongside?.count) {
        return this.#behindWrites(() => this.#nothingToWrite(result(next.cursor)));
      }
      const outcome = this.#submit(next, ops, result, options);
      this.#lastWrite = outcome;
      return this.#order.isIdle ? outcome : this.#order.enter(outcome);
    } catch (error) {
      return this.#behindWrites(() => {
        throw error; // refused before it was part of anything
      });
    }
  }

  #nothingToWrite<V>(result: V): V {
    this.#failures.refuseIfPoisoned();
    return result;
  }

  #submit<V>(
    { records, sync: needsSync, cursor }: Transition<T, S>,
    ops: readonly StorageOp<T, S>[],
    result: (cursor: Cursor) => V,
    options: AtomicWriteOptions | undefined,
  ): Promise<V> {
    const sync = needsSync || options?.sync === true;
    const written = this.#begin(records, sync, ops, options?.alongside);
    const number = ++this.#writesCalled;
    this.#cursor = cursor;
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
    ops: readonly StorageOp<T, S>[],
    alongside: WriteBatch | undefined,
  ): Promise<void> {
    try {
      this.#failures.refuseIfPoisoned();
      const terms = { sync, writer: this.#writer, behindReads: !onlyAppends(this.#cursor, records) };
      return reported(() => this.#log.core.write(this.#packer.pack(records, alongside), terms));
    } catch (error) {
      this.#failures.note(error, ops, sync);
      throw error;
    }
  }

  #failed(cause: unknown, ops: readonly StorageOp<T, S>[], sync: boolean): unknown {
    const notAttempted =
      cause instanceof RocksError &&
      cause.code === 'ABORTED' &&
      this.#failures.isPoisoned &&
      !this.#failures.isCause(cause); // as for each write of a group that was aborted itself
    const error = notAttempted ? this.#failures.poisoned() : asStorageError(cause);
    this.#failures.note(error, ops, sync);
    this.#failures.poison(cause);
    this.#cursor = this.#writtenCursor;
    return error;
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  protected override read<V>(reading: (cursor: Cursor) => Reading<V>): Promise<V> {
    const cursor = this.#cursor;
    const called = this.#writesCalled;
    let started: Started<V>;
    try {
      started = this.#start(reading(cursor));
    } catch (error) {
      return this.#behindWrites(() => {
        throw asStorageError(error);
      });
    }
    return this.#behindWrites(() => {
      const { step } = started;
      const standsOnCursor = step.done || !('meta' in step.value);
      const foreseen = this.#failedWrite > called || cursor === this.#writtenCursor;
      if (foreseen || !standsOnCursor) return this.#finish(started);
      started.pages?.abandon();
      return this.#finish(reported(() => this.#start(reading(this.#writtenCursor))));
    });
  }

  #start<V>(steps: Reading<V>): Started<V> {
    const step = steps.next();
    return { steps, step, pages: step.done ? undefined : this.#log.readBehindWrites(step.value) };
  }

  async #finish<V>({ steps, step: first, pages }: Started<V>): Promise<V> {
    let step = first;
    try {
      while (!step.done) {
        const page = await (pages as Pages).next();
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

  /** Settles in its turn what the database does not settle in the order of the calls: all but writes. */
  #behindWrites<V>(outcome: () => V | Promise<V>): Promise<V> {
    return this.#order.enter(this.#lastWrite.then(outcome, outcome));
  }
}
