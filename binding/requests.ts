// The calls that wait for an answer of the addon, which gives all answers that are ready at once. A write has no number:
// writes settle in the order of their calls, and the answer says how many. Every other call has one.

import Deque from 'denque';
import { Pages } from './pages.js';
import { RocksError } from './rocks-error.js';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** The answer that comes now is the last. */
  complete?(): void;
}

/** Offers a write to the addon. False: its queue is full. Throws where the addon refuses it. */
export type OfferWrite = (force: boolean) => boolean;

interface WaitingWrite extends Waiting {
  /** The addon was never given it. It rejects with this error once the writes before it have settled. */
  refused?: { error: unknown };
}

interface DeferredWrite extends Waiting {
  writer: number;
  offer: OfferWrite;
}

/** A read called behind writes that are deferred. */
interface DeferredRead {
  begin(): void;
  reject(error: unknown): void;
}

const WRITES = 0;
/** The writer of writes that stand alone. */
export const ALONE = 0;

/**
 * @internal The addon keeps `settle` for as long as the Database lives. So only a call that waits may refer to that Database
 * from here: it would never be collected otherwise.
 */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  #last = WRITES;
  readonly #writes = new Deque<WaitingWrite>();
  /** Writes that the addon's queue had no room for, and what was called behind them, in order. */
  readonly #deferred = new Deque<DeferredWrite | DeferredRead>();
  /** Writers of which a deferred write was refused: what was called behind it builds on it, and must not be written. */
  readonly #failedWriters = new Set<number>();

  /** Runs `begin` at once, with the number to pass to the addon; what it throws is the rejection. */
  start<T>(begin: (request: number) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const request = ++this.#last;
      begin(request);
      this.#waiting.set(request, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /**
   * {@link start} for an answer of several pages, each made by `toPage`, behind the writes called before. `abandon` is
   * called where no more of them are wanted.
   */
  startPaged<P>(
    begin: (request: number) => void,
    abandon: (request: number) => void,
    toPage: (bytes: Buffer) => P,
  ): Pages<P> {
    const request = ++this.#last;
    const pages = new Pages(toPage, () => abandon(request));
    const beginNow = () => {
      begin(request);
      this.#waiting.set(request, pages);
    };
    if (this.#deferred.length > 0) this.#deferred.push({ begin: beginNow, reject: (error) => pages.reject(error) });
    else beginNow();
    return pages;
  }

  /**
   * Offers a write to the addon: now, or, where others wait for room already, behind them. Before a write has to wait,
   * `hold` is called. Throws what `hold` or the first offer throws.
   */
  startWrite(writer: number, offer: OfferWrite, hold: () => void): Promise<void> {
    this.#refuseFailed(writer);
    const taken = this.#deferred.length === 0 && offer(false);
    if (!taken) hold();
    return new Promise<void>((resolve, reject) => {
      const waiting = { resolve: resolve as (value: unknown) => void, reject };
      if (taken) this.#writes.push(waiting);
      else this.#deferred.push({ ...waiting, writer, offer });
    });
  }

  /** Offers again what had no room. `force`: there is room for all. */
  offerDeferred(force: boolean): void {
    for (let deferred = this.#deferred.peekFront(); deferred !== undefined; deferred = this.#deferred.peekFront()) {
      try {
        if ('begin' in deferred) {
          deferred.begin();
        } else {
          this.#refuseFailed(deferred.writer);
          if (!deferred.offer(force)) return;
          this.#writes.push(deferred);
        }
      } catch (error) {
        if ('begin' in deferred) deferred.reject(error);
        else this.#refuseInTurn(deferred, error);
      }
      this.#deferred.shift();
    }
  }

  /** `hold` has found nothing wrong with it: the reason is most likely a lack of memory. It rejects in its turn. */
  #refuseInTurn(deferred: DeferredWrite, error: unknown): void {
    if (deferred.writer !== ALONE) this.#failedWriters.add(deferred.writer);
    this.#writes.push({ ...deferred, refused: { error } });
    this.#rejectRefused();
  }

  #rejectRefused(): void {
    for (let first = this.#writes.peekFront(); first?.refused !== undefined; first = this.#writes.peekFront()) {
      this.#writes.shift();
      first.reject(first.refused.error);
    }
  }

  #refuseFailed(writer: number): void {
    if (!this.#failedWriters.has(writer)) return;
    throw new RocksError('ABORTED', 'write: not attempted, an earlier write of the log was refused');
  }

  readonly settle = (results: readonly unknown[]): void => {
    for (let at = 0; at < results.length; at += 3) {
      const request = results[at] as number;
      const error = results[at + 1];
      const value = results[at + 2];
      if (request === WRITES) this.#settleWrites(value as number, error);
      else this.#settleOne(request, error, value);
    }
    this.offerDeferred(false);
  };

  /** A negative number: there is more to come for that request. */
  #settleOne(request: number, error: unknown, value: unknown): void {
    const waiting = this.#waiting.get(Math.abs(request));
    if (request > 0) {
      this.#waiting.delete(request);
      waiting?.complete?.();
    }
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(error);
  }

  #settleWrites(count: number, error: unknown): void {
    for (let i = 0; i < count; i++) {
      const waiting = this.#writes.shift();
      if (error === undefined) waiting?.resolve(undefined);
      else waiting?.reject(error);
      this.#rejectRefused();
    }
  }
}
