// How long to wait before the next attempt.

/** All that a transport waits for it counts in ticks of its one timer: where the event loop stalls, so does this time. */
export const TICK_MS = 10;
/** For a connection that is not used for any group yet: 2 s. */
export const HANDSHAKE_TICKS = 200;
/** What has lasted so long has worked. */
export const WORKED_TICKS = 100;

/** Of a connection for bulk, 5 s at the least: no election waits for one, and a peer that is busy with a state is not dead. */
export const BULK_SILENT_TICKS = 500;

const FIRST_MS = 20;
const LONGEST_MS = 1000;

/** From 20 ms up to 1 s, twice as long each time, and by chance down to half of it: peers must not come all at once. */
export class BackOff {
  #ms = FIRST_MS;

  /** In ticks. */
  next(): number {
    const ms = this.#ms * (0.5 + Math.random() / 2);
    this.#ms = Math.min(2 * this.#ms, LONGEST_MS);
    return Math.max(1, Math.round(ms / TICK_MS));
  }

  reset(): void {
    this.#ms = FIRST_MS;
  }
}
