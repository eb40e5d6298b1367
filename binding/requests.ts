// The calls that wait for the addon, which settles all that are ready in one crossing. Reads and the like it knows by
// number; writes settle in the order of their calls, and are only counted.

import Deque from 'denque';
import { Pages } from './pages.js';
import { RocksError } from './rocks-error.js';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Nothing but what comes now is to come. */
  complete?(): void;
}

/** Offers a write to the addon. False: its queue is full. Throws where the addon refuses it. */
export type OfferWrite = (force: boolean) => boolean;

interface WaitingWrite extends Waiting {
  /** The addon does not know of it: it settles with this once those before it have settled. */
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
 * @internal The addon holds `settle` for as long as the Database lives. So nothing here may refer to that Database but
 * what is waiting, or it would never be collected.
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
   * {@link start} for an answer of several pages, behind the writes called before. `abandon` is called where no more of
   * them are wanted.
   */
  startPaged(begin: (request: number) => void, abandon: (request: number) => void): Pages {
    const request = ++this.#last;
    const pages = new Pages(() => abandon(request));
    const beginNow = () => {
      begin(request);
      this.#waiting.set(request, pages);
    };
    if (this.#deferred.length > 0) this.#deferred.push({ begin: beginNow, reject: (error) => pages.reject(error) });
    else beginNow();
    return pages;
  }

  /**
   * Offers a write, now or, behind others that wait for room, later; `hold` is called before it has to wait. What a first
   * offer throws, or `hold`, is thrown here.
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

  /** It has passed `hold`, so that little but a want of memory can be the reason. It settles as if it had been taken. */
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

  /** A negative request: more is to come of it. */
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
