import { setImmediate } from 'node:timers/promises';
import { invalid } from '../contract/validate.js';
import type { Interruption } from './interruption.js';
import { checkPiece } from './snapshot-arguments.js';
import { type Supply, supplyOf } from './supply.js';

/** Pieces, each there at once, after which whatever else waits in the process has its turn. */
const PIECES_BETWEEN_TURNS = 1024;

export interface Piece {
  bytes: Uint8Array;
  /** Which it is, for messages. */
  argument: string;
}

/**
 * The source of one call, which is the call's own from the moment on when it is given: read to its end, or let go of.
 */
export class TakenSource {
  readonly #given: unknown;
  readonly #interruption: Interruption;
  readonly #supply: Supply | undefined;
  #pieces = 0;

  /** Takes nothing from the source yet; {@link check} tells whether it is one. */
  constructor(given: unknown, interruption: Interruption) {
    this.#given = given;
    this.#interruption = interruption;
    this.#supply = supplyOf(given);
  }

  /** @throws StorageError INVALID_ARGUMENT where what was given is no source */
  check(): void {
    this.#checked();
  }

  /**
   * The next piece; undefined behind the last.
   * @throws StorageError INVALID_ARGUMENT where it is not bytes; what the source throws, as it is; what the interruption
   *   throws
   */
  async next(): Promise<Piece | undefined> {
    this.#interruption.check();
    if (this.#pieces % PIECES_BETWEEN_TURNS === PIECES_BETWEEN_TURNS - 1) await setImmediate();
    const step = this.#checked().next();
    const { done, value } = 'then' in step ? await this.#interruption.until(Promise.resolve(step)) : step;
    if (done) return undefined;
    const argument = value === this.#given ? 'source' : `piece ${this.#pieces} of source`;
    this.#pieces++;
    return { bytes: checkPiece(argument, value), argument };
  }

  /**
   * Tells the source to end, and gives it one turn of the event loop: what closes without waiting for anything is closed
   * then. One that is stuck may never be, and the caller must learn of what came before. So it rejects with nothing too.
   */
  async letGo(): Promise<void> {
    try {
      await Promise.race([this.#supply?.end(), setImmediate()]);
    } catch {
      // the source's own failure
    }
  }

  #checked(): Supply {
    if (this.#supply === undefined) throw invalid('source', 'a Uint8Array or an (async) iterable of them', this.#given);
    return this.#supply;
  }
}
