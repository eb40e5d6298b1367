// Tells those who wait that something has changed; what, they look up themselves. So a slow reader holds up nobody.

export class Changes {
  #waiting = new Set<() => void>();

  tell(): void {
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Resolves at the next change, or when `signal` is aborted. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

/**
 * What `read` yields until it returns. `ended` is aborted by `return()`, which thereby does not wait for a `next()` that
 * waits, and by `signal`, whose reason `next()` then throws.
 */
export function iterateUntil<V>(
  read: (ended: AbortSignal) => AsyncGenerator<V, void, undefined>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<V> {
  const returned = new AbortController();
  const ended = signal === undefined ? returned.signal : AbortSignal.any([returned.signal, signal]);
  const values = read(ended);
  return {
    async next() {
      if (!returned.signal.aborted && signal?.aborted) {
        returned.abort();
        await values.return();
        throw signal.reason;
      }
      const result = await values.next();
      if (result.done && !returned.signal.aborted && signal?.aborted) {
        returned.abort();
        throw signal.reason;
      }
      return result;
    },
    return() {
      returned.abort();
      return values.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
