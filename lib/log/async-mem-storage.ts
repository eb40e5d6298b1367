import type { CheckedOp } from '../contract/checked-op.js';
import type { StorageOptions } from '../contract/options.js';
import type { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import { BlockingLog } from './blocking-log.js';
import { toCodecs } from './codecs.js';
import type { Cursor } from './cursor.js';
import type { LogAccess, SignalOf, WriteExtras } from './log-access.js';
import { MemRecords } from './mem-records.js';
import { PromisedStorage } from './promised-storage.js';
import type { LogPart, Reading } from './readings.js';

/**
 * `MemStorage` with promises, for tests of asynchronous code. It does what `AsyncRocksdbStorage` does: a call takes effect
 * where it is made, and the promises settle in the order of the calls.
 */
export class AsyncMemStorage<T, S = unknown> extends PromisedStorage<T, S> {
  /**
   * An empty log.
   * @throws StorageError `INVALID_ARGUMENT` for an unknown option, or a codec without `encode` and `decode`
   */
  constructor(options?: StorageOptions<T, S>) {
    super(new PromisedLog(new BlockingLog(new MemRecords(toCodecs(options)))));
  }
}

/** A log that is done at the call, and tells it by a promise. */
class PromisedLog<T, S> implements LogAccess<T, S, 'async'> {
  readonly #log: BlockingLog<T, S>;

  constructor(log: BlockingLog<T, S>) {
    this.#log = log;
  }

  get codecs() {
    return this.#log.codecs;
  }

  get location() {
    return this.#log.location;
  }

  get cursor() {
    return this.#log.cursor;
  }

  get failures() {
    return this.#log.failures;
  }

  async write<V>(
    given: (cursor: Cursor) => readonly CheckedOp<T, S>[],
    result: (after: Cursor, before: Cursor) => V,
    extras?: WriteExtras,
  ): Promise<V> {
    return this.#log.write(given, result, extras);
  }

  async read<V>(reading: (cursor: Cursor) => Reading<V>, signalOf?: SignalOf): Promise<V> {
    return this.#log.read(reading, signalOf);
  }

  async readPart(from: LogIndex, to: LogIndex, maxBytes: number): Promise<LogPart<T>> {
    return this.#log.readPart(from, to, maxBytes);
  }

  packedNow(from: LogIndex, to: LogIndex): PackedEntries {
    return this.#log.packedNow(from, to);
  }

  refuseIfClosed(): void {
    this.#log.refuseIfClosed();
  }

  async close(): Promise<void> {
    this.#log.close();
  }
}
