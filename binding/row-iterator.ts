// A range read row by row, in pieces, and ended early.

import { checkOptions, wrongType } from './arguments.js';
import type { DatabaseCore } from './database-core.js';
import type { NativeScanArguments } from './native-addon.js';
import { PackedRows, type Row } from './packed-rows.js';

/** Options of {@link Database.iterate}. */
export interface IterateOptions {
  /** Ends the iteration: the `next()` that waits, or else the one that comes next, rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** @internal The signal of `options`, checked. */
export function toSignal(options: IterateOptions | undefined): AbortSignal | undefined {
  const { signal } = checkOptions('options', options, ['signal']);
  if (signal === undefined) return undefined;
  // Not by `instanceof`: a signal of another realm is one too.
  if (typeof signal !== 'object' || signal === null || typeof signal.throwIfAborted !== 'function') {
    throw wrongType('signal', 'an AbortSignal', signal);
  }
  return signal;
}

/** @internal The rows of `range`, from the moment of the first `next()`. */
export function iterateRows(
  core: DatabaseCore,
  [family, lower, upper, ...rest]: NativeScanArguments,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row, void, undefined> {
  // The addon copies the bounds at the first `next()`. The caller may change its buffers before that.
  const range: NativeScanArguments = [
    family,
    lower && Uint8Array.from(lower),
    upper && Uint8Array.from(upper),
    ...rest,
  ];
  return rowsOf(core, range, signal);
}

async function* rowsOf(
  core: DatabaseCore,
  range: NativeScanArguments,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row, void, undefined> {
  signal?.throwIfAborted();
  const iterator = core.native.iterate(...range);
  // An abort between two calls of `next()` lets go of the files as well. The reference is weak: a generator that is dropped
  // half-way must not live as long as the signal.
  const weak = new WeakRef(iterator);
  const letGo = () => weak.deref()?.close();
  signal?.addEventListener('abort', letGo, { once: true });
  try {
    for (;;) {
      const bytes = await unlessAborted(
        core.requests.start<Buffer>((request) => iterator.next(request)),
        signal,
      );
      const piece = new PackedRows(bytes);
      if (piece.count === 0) return;
      for (const row of piece.rows()) {
        yield row;
        signal?.throwIfAborted();
      }
    }
  } finally {
    signal?.removeEventListener('abort', letGo);
    iterator.close();
  }
}

/** What `pending` gives, or the reason of `signal`, whichever comes first. */
async function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return pending;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
