import { coreOf } from '../../binding/database.js';
import { type Database, RocksError } from '../../binding/index.js';
import { asStorageError } from '../families/reported.js';

/**
 * Ends a call from outside while it waits for something that may never come: when the database begins to close, and when
 * the caller's signal aborts. It must be disposed once the call is over.
 */
export class Interruption {
  readonly #forget: (() => void)[];
  /** Why the call is to end; undefined where it may go on. */
  #reason: { error: unknown } | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(database: Database) {
    const closed = () => {
      const error = new RocksError('CLOSED', `snapshot in ${database.path}: the database is closed`);
      this.#interrupt(asStorageError(error));
    };
    this.#forget = [coreOf(database).onClosing(closed)];
    if (database.closed) closed();
  }

  get hasHappened(): boolean {
    return this.#reason !== undefined;
  }

  /** From now on `signal`, where there is one, ends the call too. */
  heed(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const aborted = () => this.#interrupt(signal.reason);
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    this.#forget.push(() => signal.removeEventListener('abort', aborted));
  }

  /** @throws StorageError ROCKSDB where the database is closing; the signal's reason where it has aborted */
  check(): void {
    if (this.#reason !== undefined) throw this.#reason.error;
  }

  /** What `outcome` settles with, or what {@link check} throws, whichever comes first. One call at a time. */
  until<V>(outcome: Promise<V>): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      // Not Promise.race: each call of that would leave something behind at a promise that lives as long as the put.
      this.#reject = reject;
      if (this.#reason !== undefined) reject(this.#reason.error);
      outcome.then(resolve, reject);
    });
  }

  dispose(): void {
    for (const forget of this.#forget) forget();
  }

  #interrupt(error: unknown): void {
    this.#reason ??= { error };
    this.#reject?.(this.#reason.error);
  }
}
