/** Some values at once, each made when it is asked for. */
export interface ValuePage<V> {
  readonly length: number;
  at(i: number): V;
}

/** Pages of values until it returns. `ended` is aborted once nobody wants more. */
export type PageReader<V> = (ended: AbortSignal) => AsyncGenerator<ValuePage<V>, void, undefined>;

/**
 * The values of all pages that `read` yields. A value that is there already costs one promise; only a new page takes a turn
 * of the generator. `return()` does not wait for a `next()` that waits; once `signal` is aborted, `next()` throws its reason.
 */
export class PagedIterator<V> implements AsyncIterableIterator<V> {
  readonly #pages: AsyncGenerator<ValuePage<V>, void, undefined>;
  readonly #returned = new AbortController();
  readonly #signal: AbortSignal | undefined;
  #page: ValuePage<V> = { length: 0, at: () => undefined as never };
  #next = 0;
  /** The last call of `next` that had to wait, while it does. */
  #waiting: Promise<unknown> | undefined;
  #isDone = false;

  constructor(read: PageReader<V>, signal: AbortSignal | undefined) {
    this.#signal = signal;
    const ended = signal === undefined ? this.#returned.signal : AbortSignal.any([this.#returned.signal, signal]);
    this.#pages = read(ended);
  }

  next(): Promise<IteratorResult<V, undefined>> {
    if (this.#waiting === undefined && this.#hasValue) return this.#value();
    const before = this.#waiting;
    const result = before === undefined ? this.#nextPage() : before.then(() => this.#nextPage());
    const settled = () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
    const waiting = result.then(settled, settled);
    this.#waiting = waiting;
    return result;
  }

  async return(): Promise<IteratorResult<V, undefined>> {
    this.#isDone = true;
    this.#returned.abort();
    await this.#pages.return();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get #hasValue(): boolean {
    return this.#next < this.#page.length && !this.#isDone && !this.#signal?.aborted;
  }

  #value(): Promise<IteratorResult<V, undefined>> {
    try {
      return Promise.resolve({ done: false, value: this.#page.at(this.#next++) });
    } catch (error) {
      return this.return().then(() => {
        throw error;
      });
    }
  }

  async #nextPage(): Promise<IteratorResult<V, undefined>> {
    while (!this.#isDone && !this.#signal?.aborted && !this.#hasValue) {
      const page = await this.#pages.next();
      if (page.done) break;
      this.#page = page.value;
      this.#next = 0;
    }
    if (this.#hasValue) return this.#value();
    const wasDone = this.#isDone;
    await this.return();
    if (!wasDone) this.#signal?.throwIfAborted();
    return { done: true, value: undefined };
  }
}
