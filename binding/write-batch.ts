import { checkBytes, wrongType } from './arguments.js';
import type { ColumnFamilyOf } from './column-family.js';
import { PackedBatch } from './packed-batch.js';

/** @internal Not by `instanceof`: that is true of a proxy around one as well, which has no records. */
export let isWriteBatch: (value: unknown) => value is WriteBatch;

/** @internal What `batch`, which must be a WriteBatch, holds. */
export let packedOf: (batch: unknown) => PackedBatch;

/**
 * Records to be written together, all or none, in the order they were added. Keys and values are copied when they are
 * added. A batch holds records of one database, which may be spread over its column families; it can be written any
 * number of times, and needs no closing.
 */
export class WriteBatch {
  readonly #packed = new PackedBatch();

  static {
    isWriteBatch = (value) => typeof value === 'object' && value !== null && #packed in value;
    packedOf = (batch) => {
      if (!isWriteBatch(batch)) throw wrongType('batch', 'a WriteBatch', batch);
      return batch.#packed;
    };
  }

  /**
   * Sets `key` to `value`.
   * @throws TypeError (code INVALID_ARGUMENT) where an argument is of the wrong type
   * @throws RocksError INVALID_ARGUMENT where the batch has records of another database, or would pass 2 GiB
   */
  put(cf: ColumnFamilyOf<unknown>, key: Uint8Array, value: Uint8Array): this {
    this.#packed.put(cf, checkBytes('key', key), checkBytes('value', value));
    return this;
  }

  /** Removes `key`; one that is not there is no error. Throws like {@link put}. */
  delete(cf: ColumnFamilyOf<unknown>, key: Uint8Array): this {
    this.#packed.delete(cf, checkBytes('key', key));
    return this;
  }

  /** Removes every key in `[from, to)`, by their bytes. Throws like {@link put}, and where `to` lies before `from`. */
  deleteRange(cf: ColumnFamilyOf<unknown>, from: Uint8Array, to: Uint8Array): this {
    this.#packed.deleteRange(cf, checkBytes('from', from), checkBytes('to', to));
    return this;
  }

  /** Forgets every record, and the database they were for. Throws nothing. */
  clear(): this {
    this.#packed.clear();
    return this;
  }

  /** How many records it has. */
  get count(): number {
    return this.#packed.count;
  }

  /** How many bytes it has: those of all keys and values, and 13 more for each record. */
  get byteLength(): number {
    return this.#packed.byteLength;
  }
}
