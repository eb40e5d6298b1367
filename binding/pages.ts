import Deque from 'denque';

/** @internal The pages of one read, in order, whichever comes first: the page or the call of {@link next}. */
export class Pages<P> {
  readonly #arrived = new Deque<Promise<P>>();
  readonly #toPage: (bytes: Buffer) => P;
  readonly #abandon: () => void;
  #isComplete = false;
  #awaited: { resolve(page: P): void; reject(error: unknown): void } | undefined;

  constructor(toPage: (bytes: Buffer) => P, abandon: () => void) {
    this.#toPage = toPage;
    this.#abandon = abandon;
  }

  /** No more of them are wanted: what has not been read yet need not be. */
  abandon(): void {
    if (!this.#isComplete) this.#abandon();
  }

  complete(): void {
    this.#isComplete = true;
  }

  /** The next page; one call at a time, and none behind the last page. */
  next(): Promise<P> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return arrived;
    return new Promise((resolve, reject) => {
      this.#awaited = { resolve, reject };
    });
  }

  resolve(bytes: unknown): void {
    const page = this.#toPage(bytes as Buffer);
    if (this.#awaited === undefined) this.#arrived.push(Promise.resolve(page));
    else this.#awaited.resolve(page);
    this.#awaited = undefined;
  }

  reject(error: unknown): void {
    if (this.#awaited === undefined) {
      const failed = Promise.reject(error);
      failed.catch(() => {}); // reported where it is asked for
      this.#arrived.push(failed);
    } else {
      this.#awaited.reject(error);
    }
    this.#awaited = undefined;
  }
}
