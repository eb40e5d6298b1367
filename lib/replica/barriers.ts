import { setImmediate } from 'node:timers/promises';
import type { LogIndex } from '../contract/storage.js';

/**
 * Barriers that wait share one. One is under way at most, and whoever asks meanwhile shares the next: it must be proposed
 * behind the call.
 */
export class Barriers {
  readonly #propose: () => Promise<LogIndex>;
  /** Never rejects. */
  #underWay: Promise<unknown> | undefined;
  #next: Promise<LogIndex> | undefined;

  /** `propose` gives where a barrier that is proposed now stands, once it is reached. */
  constructor(propose: () => Promise<LogIndex>) {
    this.#propose = propose;
  }

  next(): Promise<LogIndex> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<LogIndex> {
    await (this.#underWay ?? setImmediate()); // those of this turn come along
    this.#next = undefined; // who asks from here on may have seen more
    const proposed = this.#propose();
    this.#underWay = proposed.catch(() => {});
    return proposed;
  }
}
