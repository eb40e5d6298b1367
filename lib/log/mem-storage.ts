// A storage in memory, for tests and for nodes that may forget. It keeps encoded bytes, so that what it gives back has
// been through the codec as if through a disk.

import type { WriteBatch } from '../../binding/index.js';
import type { LogIndex, StorageOp } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { logKey } from '../format/log-keys.js';
import { decodeValue, framed } from '../format/values.js';
import { BlockingStorage } from './blocking-storage.js';
import { EMPTY } from './cursor.js';
import type { Probe } from './live-ranges.js';
import type { EntryPage, PageStep } from './readings.js';
import { encodeRecords } from './record-sink.js';
import type { Transition } from './transition.js';

export class MemStorage<T, S = unknown> extends BlockingStorage<T, S> {
  protected override cursor = EMPTY;
  readonly #meta = new Map<string, Buffer>();
  readonly #entries = new Map<LogIndex, Buffer>();

  // Never asked: all that is live was written by this object, so no range of it is in doubt.
  protected override readonly probe: Probe = { highest: () => undefined };

  protected override readMeta(key: Buffer): Buffer | undefined {
    return this.#meta.get(key.toString());
  }

  protected override readPage({ from, to }: PageStep): EntryPage {
    const found: LogIndex[] = [];
    for (const range of this.cursor.live.within(from, to)) {
      for (let idx = range.from; idx < range.to; idx++) found.push(idx);
    }
    return {
      count: found.length,
      index: (row) => found[row] as LogIndex,
      entry: (row, codec) => {
        const idx = found[row] as LogIndex;
        const stored = this.#entries.get(idx) as Buffer;
        return decodeValue(codec, stored, 0, stored.length, () => logKey(idx));
      },
      isLast: true,
    };
  }

  protected override commit(
    { records }: Transition<T, S>,
    _ops: readonly StorageOp<T, S>[],
    alongside?: WriteBatch,
  ): void {
    if (alongside !== undefined) {
      throw new StorageError(
        'INVALID_ARGUMENT',
        'a MemStorage has no database to write alongside: use a RocksdbStorage',
      );
    }
    // Encoded in full before the first change: an entry that cannot be encoded leaves everything as it was.
    const changes: (() => void)[] = [];
    const putEntry = (idx: LogIndex, bytes: Uint8Array) => {
      const value = framed(bytes);
      changes.push(() => this.#entries.set(idx, value));
    };
    encodeRecords(records, this.codecs, {
      putEntry,
      putEntryInPlace: (idx, { memory, start, end }) => putEntry(idx, memory.subarray(start, end)),
      put: (key, value) => changes.push(() => this.#meta.set(key.toString(), value)),
      delete: (key) => changes.push(() => this.#meta.delete(key.toString())),
      removeEntries: (from, to) =>
        changes.push(() => {
          for (let idx = from; idx < to; idx++) this.#entries.delete(idx);
        }),
    });
    for (const change of changes) change();
  }
}
