import type { PackedRows } from '../../binding/packed-rows.js';
import { SlabCopies } from '../format/slab-copies.js';
import { checkVersion, VERSION_BYTES } from '../format/values.js';

/** The values of rows as they are, for a codec of bytes: each a copy of its own. */
export class RawValues {
  readonly #rows: PackedRows;
  readonly #copies: SlabCopies;

  constructor(rows: PackedRows) {
    this.#rows = rows;
    this.#copies = new SlabCopies(rows.bytes);
  }

  /** @throws StorageError CODEC */
  at(row: number): Buffer {
    const start = this.#rows.keyEnd(row);
    const end = this.#rows.valueEnd(row);
    checkVersion(this.#rows.bytes, start, end, () => this.#rows.key(row));
    return this.#copies.of(start + VERSION_BYTES, end);
  }
}
