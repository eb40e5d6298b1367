// The calls that wait for the addon. It knows them by number and settles all that are ready in one crossing.

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** @internal It must not refer to the Database it serves: the addon holds `settle` for as long as that one lives. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  /** Runs `begin` at once, with the number to pass to the addon; what it throws is the rejection. */
  start<T>(begin: (request: number) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const request = ++this.#last;
      begin(request);
      this.#waiting.set(request, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  readonly settle = (results: readonly unknown[]): void => {
    for (let at = 0; at < results.length; at += 3) {
      const request = results[at] as number;
      const error = results[at + 1];
      const waiting = this.#waiting.get(request);
      this.#waiting.delete(request);
      if (error === undefined) waiting?.resolve(results[at + 2]);
      else waiting?.reject(error);
    }
  };
}
