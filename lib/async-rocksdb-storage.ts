import { Database, RocksError } from '../binding/index.js';
import type { Cursor } from './cursor.js';
import { Failures } from './failures.js';
import { asStorageError, HIGHEST, LOWEST, LogFamily, reported } from './log-family.js';
import { type Reading, readIndex, readMeta } from './readings.js';
import type { AsyncStorage, StorageOp } from './storage.js';
import { StorageMethods, type StorageOptions } from './storage-methods.js';
import { transition, type UnsyncedOp } from './transition.js';
import { ballotCodec, stopsignCodec } from './values.js';

/**
 * {@link RocksdbStorage} with promises, and an event loop that never waits for the disk. What is given is encoded, and the
 * index of an append fixed, at the call; the promise settles once the write is durable. All writes of a database that wait,
 * of every log and store, share one fsync (group commit). Results settle in the order of the calls, and a read sees every
 * write called before it. Await a read before calling `trim`, `compact` or `appendOnPrefix`: it may otherwise see what
 * that call removes. Await it before `close()` as well.
 *
 * If a write fails, it and everything called behind it reject, the latter with `POISONED`; the log is then what it was
 * before, and further writes are refused until the database is reopened. Reads go on.
 */
export class AsyncRocksdbStorage<T, S = unknown> extends StorageMethods<T, S, 'async'> implements AsyncStorage<T, S> {
  readonly #log: LogFamily<T, S>;
  readonly #stream: number;
  readonly #failures = new Failures();
  /** Behind every write called so far. */
  #cursor!: Cursor;
  /** Behind every write that has succeeded. */
  #writtenCursor!: Cursor;
  /** The result of the last write, and of the last call. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #lastCall: Promise<unknown> = this.#lastWrite;
  #unsettledReads = 0;

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
    this.#log = new LogFamily(database, columnFamily, this.codecs);
    this.#stream = Database.newStream(database);
  }

  async #open(): Promise<void> {
    const { database, family } = this.#log;
    const [lowest, highest, floor] = await Promise.all([
      Database.scanPacked(database, family, LOWEST),
      Database.scanPacked(database, family, HIGHEST),
      this.#take(readIndex('compactedIdx')),
      // Decoded once, so that a damaged record is found now and not in the middle of an election.
      this.#take(readMeta('promise', ballotCodec)),
      this.#take(readMeta('acceptedRound', ballotCodec)),
      this.#take(readIndex('decidedIdx')),
      this.#take(readMeta('stopsign', stopsignCodec)),
    ]).catch((error) => {
      throw asStorageError(error);
    });
    this.#cursor = LogFamily.cursor(lowest, highest, floor);
    this.#writtenCursor = this.#cursor;
  }

  /** How often a write that need not be synced has failed, by operation. */
  get failedUnsyncedWrites(): Readonly<Record<UnsyncedOp, number>> {
    return this.#failures.unsynced;
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  protected override write<V>(given: () => readonly StorageOp<T, S>[], result: (cursor: Cursor) => V): Promise<V> {
    try {
      const settled = this.#inOrder(this.#submit(given(), result));
      this.#lastWrite = settled;
      return settled;
    } catch (error) {
      return Promise.reject(error); // refused before it was part of anything
    }
  }

  #submit<V>(ops: readonly StorageOp<T, S>[], result: (cursor: Cursor) => V): Promise<V> {
    this.#failures.refuseIfPoisoned();
    const { records, sync, cursor } = transition(this.#cursor, ops, this.#log);
    if (records.length === 0) {
      return settlement(this.#lastWrite).then(() => {
        this.#failures.refuseIfPoisoned();
        return result(cursor);
      });
    }
    const written = reported(() =>
      Database.writeInStream(this.#log.database, this.#log.pack(records), sync, this.#stream),
    );
    this.#cursor = cursor;
    return written.then(
      () => {
        this.#writtenCursor = cursor;
        return result(cursor);
      },
      (error) => {
        throw this.#failed(error, ops, sync);
      },
    );
  }

  #failed(cause: unknown, ops: readonly StorageOp<T, S>[], sync: boolean): unknown {
    const notAttempted = cause instanceof RocksError && cause.code === 'ABORTED' && this.#failures.isPoisoned;
    if (notAttempted) return this.#failures.poisoned();
    const error = asStorageError(cause);
    this.#failures.note(error, ops, sync);
    this.#failures.poison(cause);
    this.#cursor = this.#writtenCursor;
    return error;
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  protected override read<V>(reading: (cursor: Cursor) => Reading<V>): Promise<V> {
    const cursor = this.#cursor;
    this.#unsettledReads++;
    const taken = settlement(this.#lastWrite).then(() => this.#take(reading(this.#current(cursor))));
    const settled = this.#inOrder(taken);
    const done = () => {
      this.#unsettledReads--;
    };
    settled.then(done, done);
    return settled;
  }

  /** The cursor as it was at a call, unless writes before that call have failed since. */
  #current(atCall: Cursor): Cursor {
    return this.#failures.isPoisoned ? this.#writtenCursor : atCall;
  }

  async #take<V>(steps: Reading<V>): Promise<V> {
    const { database, family } = this.#log;
    try {
      let step = steps.next();
      while (!step.done) {
        const { value } = step;
        step = steps.next(
          'meta' in value
            ? await database.get(family, value.meta)
            : LogFamily.page(await Database.scanPacked(database, family, LogFamily.pageRange(value.from, value.to))),
        );
      }
      return step.value;
    } catch (error) {
      throw asStorageError(error);
    }
  }

  /** Writes settle in the order of their calls by themselves; reads, and what is called behind one, must be made to. */
  #inOrder<V>(outcome: Promise<V>): Promise<V> {
    const previous = this.#lastCall;
    const settled = this.#unsettledReads === 0 ? outcome : Promise.allSettled([previous, outcome]).then(() => outcome);
    this.#lastCall = settled;
    return settled;
  }
}

function settlement(outcome: Promise<unknown>): Promise<void> {
  return outcome.then(
    () => {},
    () => {},
  );
}
