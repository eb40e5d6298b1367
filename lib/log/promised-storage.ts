import type { ReadOptions } from '../contract/options.js';
import type { AsyncStorage, IndexedEntry, LogIndex } from '../contract/storage.js';
import { nextIdx } from './cursor.js';
import type { LogAccess } from './log-access.js';
import type { LogPart } from './readings.js';
import { accessOf, checkIteration, StorageMethods } from './storage-methods.js';

/** A storage whose calls return promises. */
export abstract class PromisedStorage<T, S>
  extends StorageMethods<T, S, 'async'>
  implements AsyncStorage<T, S>, AsyncDisposable
{
  /**
   * The live entries of `[from, to)` with their indices, one by one and in bounded memory: at most about `maxBytes` are read
   * ahead. `to` is where the log ends at the first `next()`, unless given. A missing index is passed over. What changes
   * meanwhile is seen as it is by then; entries that are removed before they are reached are not given.
   * Once the storage is closed it ends with `CLOSED`, at the next `next()`.
   * @throws StorageError `INVALID_ARGUMENT` at the call; the others, and the reason of `signal`, from `next()`
   */
  entries(from: LogIndex, to?: LogIndex, options?: ReadOptions): AsyncIterableIterator<IndexedEntry<T>> {
    return iterate(accessOf(this), checkIteration(from, to, options));
  }

  /** {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function* iterate<T, S>(
  log: LogAccess<T, S, 'async'>,
  { from, to, maxBytes, signal }: ReturnType<typeof checkIteration>,
): AsyncGenerator<IndexedEntry<T>, void, undefined> {
  const end = to ?? nextIdx(log.cursor);
  for (let next: LogIndex | undefined = from; next !== undefined; ) {
    signal?.throwIfAborted();
    const { entries, rest }: LogPart<T> = await log.readPart(next, end, maxBytes);
    signal?.throwIfAborted();
    for (const entry of entries) {
      yield entry;
      log.refuseIfClosed(); // also where it has been read ahead
      signal?.throwIfAborted();
    }
    next = rest;
  }
}
