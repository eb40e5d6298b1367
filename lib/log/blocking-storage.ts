import type { ReadOptions } from '../contract/options.js';
import type { IndexedEntry, LogIndex, Storage } from '../contract/storage.js';
import { nextIdx } from './cursor.js';
import type { LogAccess } from './log-access.js';
import { accessOf, checkIteration, StorageMethods } from './storage-methods.js';

/** A storage whose calls return once they are done. */
export abstract class BlockingStorage<T, S>
  extends StorageMethods<T, S, 'blocking'>
  implements Storage<T, S>, Disposable
{
  /**
   * The live entries of `[from, to)` with their indices, one by one and in bounded memory: at most about `maxBytes` are read
   * ahead. `to` is where the log ends at the first `next()`, unless given. A missing index is passed over. What changes
   * meanwhile is seen as it is by then; entries that are removed before they are reached are not given.
   * Once the storage is closed it ends with `CLOSED`, at the next `next()`.
   * @throws StorageError `INVALID_ARGUMENT` at the call; the others, and the reason of `signal`, from `next()`
   */
  entries(from: LogIndex, to?: LogIndex, options?: ReadOptions): IterableIterator<IndexedEntry<T>> {
    return iterate(accessOf(this), checkIteration(from, to, options));
  }

  /** {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function* iterate<T, S>(
  log: LogAccess<T, S, 'blocking'>,
  { from, to, maxBytes, signal }: ReturnType<typeof checkIteration>,
): Generator<IndexedEntry<T>, void, undefined> {
  const end = to ?? nextIdx(log.cursor);
  for (let next: LogIndex | undefined = from; next !== undefined; ) {
    signal?.throwIfAborted();
    const { entries, rest }: ReturnType<typeof log.readPart> = log.readPart(next, end, maxBytes);
    for (const entry of entries) {
      yield entry;
      log.refuseIfClosed(); // also where it has been read ahead
      signal?.throwIfAborted();
    }
    next = rest;
  }
}
