import { crc32c } from '../../binding/crc32c.js';
import { type ColumnFamily, RocksError, type Row } from '../../binding/index.js';
import { StorageError, type StorageErrorCode } from '../contract/storage-error.js';
import { asStorageError } from '../families/reported.js';
import { showKey } from '../format/keys.js';
import { chunkKey, chunksOf, parseChunkKey } from '../format/snapshot-keys.js';
import { chunkCount, type Manifest, unseal } from '../format/snapshot-records.js';
import type { Written } from './chunk-writer.js';

/**
 * Reads the chunks of one snapshot, in order, as they were at the moment when it began. It checks each: it gives all of the
 * snapshot's bytes, or throws. Until it is released, the database cannot remove the files that it reads.
 */
export class ChunkReader {
  readonly #name: string;
  readonly #manifest: Manifest;
  readonly #rows: AsyncIterableIterator<Row>;
  #first: IteratorResult<Row, unknown> | undefined;
  readonly #isWhole: boolean;
  #next: number;
  /** What {@link next} has given so far, and what it has passed over. */
  given: Written;

  private constructor(family: ColumnFamily, name: string, manifest: Manifest, first: number) {
    this.#name = name;
    this.#manifest = manifest;
    this.#isWhole = first === 0;
    this.#next = first;
    this.given = { byteLength: first * manifest.chunkBytes, checksum: 0 };
    const { id } = manifest;
    this.#rows = family.database.iterate(family, { ...chunksOf(id), gte: chunkKey(id, first) });
  }

  /**
   * Begins to read at this moment, from chunk number `first` on. Where that is not 0, the checksum of the whole is not
   * looked at.
   * @throws StorageError COLUMN_FAMILY_NOT_FOUND or ROCKSDB, with the snapshot and the chunk in the message
   */
  static async begin(family: ColumnFamily, name: string, manifest: Manifest, first = 0): Promise<ChunkReader> {
    const reader = new ChunkReader(family, name, manifest, first);
    reader.#first = await reader.#row(); // the moment of an iterator is that of its first row
    return reader;
  }

  /**
   * The bytes of the next chunk; undefined behind the last, once all was found to be as it was written. One call at a time.
   * @throws StorageError CODEC, META, COLUMN_FAMILY_NOT_FOUND or ROCKSDB, with the snapshot, the chunk and its key in the message
   */
  async next(): Promise<Buffer | undefined> {
    const row = this.#first ?? (await this.#row());
    this.#first = undefined;
    const count = chunkCount(this.#manifest);
    if (row.done) {
      if (this.#next < count) throw this.#damaged('META', 'it is missing');
      if (this.#isWhole && this.given.checksum !== this.#manifest.checksum) {
        throw new StorageError(
          'CODEC',
          `snapshot ${JSON.stringify(this.#name)}: the checksum of the whole does not match`,
        );
      }
      return undefined;
    }
    const { key, value } = row.value;
    if (parseChunkKey(key).number !== this.#next) throw this.#damaged('META', 'it is missing');
    if (this.#next >= count) throw this.#damaged('META', `the snapshot has ${count} chunks`);
    const bytes = this.#open(key, value);
    const rest = this.#manifest.byteLength - this.given.byteLength;
    const expected = Math.min(rest, this.#manifest.chunkBytes);
    if (bytes.length !== expected) {
      throw this.#damaged('CODEC', `it has ${bytes.length} bytes, not ${expected}`);
    }
    this.#next++;
    const { byteLength, checksum } = this.given;
    this.given = { byteLength: byteLength + bytes.length, checksum: crc32c(bytes, checksum) };
    return bytes;
  }

  /** Lets go of the files of the database. It rejects with nothing: a reader that has failed may be released as well. */
  async release(): Promise<void> {
    await this.#rows.return?.().catch(() => {});
  }

  #open(key: Buffer, value: Buffer): Buffer {
    try {
      return unseal(key, value);
    } catch (error) {
      if (error instanceof StorageError) throw this.#damaged(error.code, error.message);
      throw error;
    }
  }

  async #row(): Promise<IteratorResult<Row, unknown>> {
    try {
      return await this.#rows.next();
    } catch (error) {
      const reported = asStorageError(error);
      if (reported instanceof StorageError && error instanceof RocksError) {
        throw this.#damaged(reported.code, error.message, error);
      }
      throw error;
    }
  }

  /** That the next chunk is damaged, or cannot be read. */
  #damaged(code: StorageErrorCode, how: string, cause?: Error): StorageError {
    const key = showKey(chunkKey(this.#manifest.id, this.#next));
    const message = `snapshot ${JSON.stringify(this.#name)}, chunk ${this.#next} at ${key}: ${how}`;
    return new StorageError(code, message, cause && { cause });
  }
}
