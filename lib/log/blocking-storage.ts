import type { WriteBatch } from '../../binding/index.js';
import type { AtomicWriteOptions } from '../contract/options.js';
import type { Storage, StorageOp } from '../contract/storage.js';
import type { Cursor } from './cursor.js';
import type { Probe } from './live-ranges.js';
import type { EntryPage, PageStep, Reading } from './readings.js';
import { StorageMethods } from './storage-methods.js';
import { type Transition, transition } from './transition.js';

/** A storage whose calls return once they are done. */
export abstract class BlockingStorage<T, S> extends StorageMethods<T, S, 'blocking'> implements Storage<T, S> {
  protected abstract cursor: Cursor;
  protected abstract readonly probe: Probe;

  protected abstract readMeta(key: Buffer): Buffer | undefined;
  protected abstract readPage(step: PageStep): EntryPage;
  /** All of `next.records`, of which there may be none, and `alongside`, or nothing. `ops` are what they came from. */
  protected abstract commit(next: Transition<T, S>, ops: readonly StorageOp<T, S>[], alongside?: WriteBatch): void;

  protected override write<V>(
    given: (cursor: Cursor) => readonly StorageOp<T, S>[],
    result: (cursor: Cursor) => V,
    options?: AtomicWriteOptions,
  ): V {
    const ops = given(this.cursor);
    const next = transition(this.cursor, ops, this.probe);
    this.commit({ ...next, sync: next.sync || options?.sync === true }, ops, options?.alongside);
    this.cursor = next.cursor;
    return result(next.cursor);
  }

  protected override read<V>(reading: (cursor: Cursor) => Reading<V>): V {
    const steps = reading(this.cursor);
    let step = steps.next();
    while (!step.done) {
      const { value } = step;
      step = steps.next('meta' in value ? this.readMeta(value.meta) : this.readPage(value));
    }
    return step.value;
  }
}
