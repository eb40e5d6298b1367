import { crc32c } from '../../binding/crc32c.js';
import { type ColumnFamily, WriteBatch } from '../../binding/index.js';
import { invalid } from '../contract/validate.js';
import { reported, reportedLater } from '../families/reported.js';
import { chunkKey } from '../format/snapshot-keys.js';
import { HEADER_BYTES, seal } from '../format/snapshot-records.js';
import type { Interruption } from './interruption.js';
import type { Pace } from './pace.js';
import type { TakenSource } from './taken-source.js';

/** What was written as the chunks of one snapshot. */
export interface Written {
  byteLength: number;
  /** CRC-32C of all bytes. */
  checksum: number;
}

/** Cuts what it is given into chunks of one size. It writes each chunk before it takes more, so only one is in memory. */
class ChunkWriter {
  readonly #family: ColumnFamily;
  readonly #id: number;
  readonly #interruption: Interruption;
  readonly #frame: Buffer;
  readonly #pace: Pace;
  readonly #batch = new WriteBatch();
  #end = HEADER_BYTES;
  #chunks: number;
  readonly written: Written;

  constructor(
    family: ColumnFamily,
    pace: Pace,
    id: number,
    interruption: Interruption,
    chunkBytes: number,
    before: Written,
  ) {
    this.#family = family;
    this.#pace = pace;
    this.#id = id;
    this.#interruption = interruption;
    this.#frame = Buffer.allocUnsafeSlow(HEADER_BYTES + chunkBytes);
    this.#chunks = before.byteLength / chunkBytes;
    this.written = { ...before };
  }

  /** All of `piece`, which must stay as it is meanwhile. `argument` names it in messages. */
  async add(piece: Uint8Array, argument: string): Promise<void> {
    const { byteLength } = piece;
    for (let at = 0; at < byteLength; ) {
      // One that was detached, or has shrunk, while a chunk was being written would be stored as a shorter piece.
      if (piece.byteLength !== byteLength) throw invalid(argument, 'left as it is until all of it is written', piece);
      const part = piece.subarray(at, at + this.#frame.length - this.#end);
      this.#frame.set(part, this.#end);
      this.#end += part.byteLength;
      at += part.byteLength;
      if (this.#end === this.#frame.length) await this.#write();
    }
  }

  /** Writes the rest. */
  async finish(): Promise<Written> {
    if (this.#end > HEADER_BYTES) await this.#write();
    return this.written;
  }

  async #write(): Promise<void> {
    const key = chunkKey(this.#id, this.#chunks++);
    const chunk = this.#frame.subarray(0, this.#end);
    seal(key, chunk);
    this.written.byteLength += chunk.length - HEADER_BYTES;
    this.written.checksum = crc32c(chunk.subarray(HEADER_BYTES), this.written.checksum);
    this.#end = HEADER_BYTES;
    this.#interruption.check();
    await reportedLater(this.#pace.turn(() => this.#interruption.check()));
    // Not fsynced. The write of the manifest is, and that makes durable whatever the WAL was given before it.
    const batch = reported(() => this.#batch.clear().put(this.#family, key, chunk));
    await reportedLater(this.#family.database.write(batch));
  }
}

export const NOTHING: Written = { byteLength: 0, checksum: 0 };

/**
 * Writes all that `source` gives as the chunks of `id` behind those that hold `before`, all of them full. Nobody sees them
 * until a manifest names them.
 * @throws StorageError INVALID_ARGUMENT, COLUMN_FAMILY_NOT_FOUND, ROCKSDB; what the source throws, as it is; what the
 *   interruption throws
 */
export async function writeChunks(
  family: ColumnFamily,
  pace: Pace,
  id: number,
  source: TakenSource,
  interruption: Interruption,
  chunkBytes: number,
  before: Written = NOTHING,
): Promise<Written> {
  const writer = new ChunkWriter(family, pace, id, interruption, chunkBytes, before);
  for (let piece = await source.next(); piece !== undefined; piece = await source.next()) {
    await writer.add(piece.bytes, piece.argument);
  }
  return writer.finish();
}
