import type { IndexedEntry, Storage } from '../../contract/storage.js';

/** A storage that may block or return promises: whoever tests it awaits every call. */
export type AnyStorage<T, S = unknown> = {
  [K in Exclude<keyof Storage<T, S>, 'entries'>]: (
    ...args: Parameters<Storage<T, S>[K]>
  ) => ReturnType<Storage<T, S>[K]> | Promise<ReturnType<Storage<T, S>[K]>>;
} & {
  entries(
    ...args: Parameters<Storage<T, S>['entries']>
  ): IterableIterator<IndexedEntry<T>> | AsyncIterableIterator<IndexedEntry<T>>;
};

/** What an iterator of either kind gives. */
export async function all<V>(items: Iterable<V> | AsyncIterable<V>): Promise<V[]> {
  const found: V[] = [];
  for await (const item of items) found.push(item);
  return found;
}
