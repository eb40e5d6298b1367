/**
 * Bytes that may be sent. So many come in with each tick, and lapse with the next: a tick that is late brings no more than
 * one that is not. Whoever asks first is served first.
 */
export class ByteBudget {
  readonly #perTick: number;
  #left: number;
  #waiting: { bytes: number; go(): void }[] = [];
  #isClosed = false;

  constructor(perTick: number) {
    this.#perTick = perTick;
    this.#left = perTick;
  }

  /** Resolves once so many may go. More than a tick brings is owed by those behind. */
  take(bytes: number): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ bytes, go });
      this.#serve();
    });
  }

  tick(): void {
    this.#left = Math.min(this.#left + this.#perTick, this.#perTick);
    this.#serve();
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    this.#serve();
  }

  #serve(): void {
    while (this.#waiting.length > 0 && (this.#left > 0 || this.#isClosed)) {
      const { bytes, go } = this.#waiting.shift() as { bytes: number; go(): void };
      this.#left -= bytes;
      go();
    }
  }
}
