// A snapshot that comes from elsewhere, and may take long: the chunks that have come outlive the process, and whoever is
// offered the same snapshot again goes on behind them. Nobody sees any of it.

import { WriteBatch } from '../../binding/index.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import { packedOf } from '../../binding/write-batch.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { reported, reportedLater } from '../families/reported.js';
import { announcedKey, manifestKey } from '../format/snapshot-keys.js';
import { encodeManifest, type Manifest, toCreationTime } from '../format/snapshot-records.js';
import { ChunkReader } from './chunk-reader.js';
import { NOTHING, type Written, writeChunks } from './chunk-writer.js';
import type { SnapshotSource } from './snapshot.js';
import type { SnapshotFamily } from './snapshot-family.js';
import { taking } from './snapshot-writing.js';

/** Which snapshot it is: two that are alike in all of it are the same. */
export interface SnapshotIdentity {
  index: LogIndex;
  byteLength: number;
  /** CRC-32C of all its bytes. */
  checksum: number;
}

/** One call at a time. */
export class IncomingSnapshot {
  readonly #shared: SnapshotFamily;
  readonly #chunkBytes: number;
  readonly #name: string;
  readonly #announcedAs: string;

  /** It is to become the snapshot `name`; several may come at once for one name, each announced as another. */
  constructor(shared: SnapshotFamily, chunkBytes: number, name: string, announcedAs: string) {
    this.#shared = shared;
    this.#chunkBytes = chunkBytes;
    this.#name = name;
    this.#announcedAs = announcedAs;
  }

  /** Which one has been begun; undefined for none. */
  async begun(): Promise<Manifest | undefined> {
    return this.#shared.announced(this.#announcedAs);
  }

  /**
   * Stores all of it: `restFrom` gives its bytes from an offset on, behind what is stored already. Gives the records that
   * make it the snapshot of this name, for a write of the caller's; until it is done, nobody may write that name. Where it
   * fails, what has come is kept, for the next call with the same identity; a call with another one does away with it.
   * @throws StorageError CODEC where the bytes are not those that were announced: nothing is kept of them;
   *   COLUMN_FAMILY_NOT_FOUND, ROCKSDB; what the source throws
   */
  async take(identity: SnapshotIdentity, restFrom: (offset: number) => SnapshotSource): Promise<PackedBatch> {
    const { family, pace } = this.#shared;
    const { manifest, stored } = await this.#begin(identity);
    const { id, chunkBytes } = manifest;
    try {
      const source = stored.byteLength < identity.byteLength ? restFrom(stored.byteLength) : [];
      const written = await taking(source, family.database, (taken) =>
        writeChunks(family, pace, id, taken.source, taken.interruption, chunkBytes, stored),
      );
      if (written.byteLength !== identity.byteLength || written.checksum !== identity.checksum) {
        await this.discard();
        throw new StorageError(
          'CODEC',
          `what has come as snapshot ${JSON.stringify(this.#name)} is not what was offered`,
        );
      }
      return await this.#records(manifest);
    } finally {
      this.#shared.settle(id);
    }
  }

  /** The bytes of what has come whole, each chunk verified. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    const begun = await this.begun();
    if (begun === undefined) return;
    const chunks = await ChunkReader.begin(this.#shared.family, this.#name, begun);
    try {
      for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) yield chunk;
    } finally {
      await chunks.release();
    }
  }

  /** Nothing is kept of what has come. */
  async discard(): Promise<void> {
    const begun = await this.#shared.announced(this.#announcedAs);
    const { family } = this.#shared;
    const batch = new WriteBatch().delete(family, announcedKey(this.#announcedAs));
    this.#shared.removeChunks(batch, begun?.id);
    await reportedLater(family.database.write(batch));
    this.#shared.reclaim();
  }

  async #begin(identity: SnapshotIdentity): Promise<{ manifest: Manifest; stored: Written }> {
    const begun = await this.#shared.announced(this.#announcedAs);
    if (begun !== undefined && isSame(begun, identity)) {
      this.#shared.resume(begun.id);
      try {
        return { manifest: begun, stored: await this.#stored(begun) };
      } catch (error) {
        this.#shared.settle(begun.id);
        throw error;
      }
    }
    const id = this.#shared.begin();
    try {
      const createdAt = toCreationTime(Date.now());
      const { index, byteLength, checksum } = identity;
      const manifest = { id, index, byteLength, checksum, chunkBytes: this.#chunkBytes, createdAt };
      const { family } = this.#shared;
      const key = announcedKey(this.#announcedAs);
      // Not fsynced: no chunk outlives it, for it goes into the WAL before them.
      const batch = reported(() => new WriteBatch().put(family, key, encodeManifest(key, manifest)));
      this.#shared.removeChunks(batch, begun?.id);
      await reportedLater(family.database.write(batch));
      return { manifest, stored: NOTHING };
    } catch (error) {
      this.#shared.settle(id);
      throw error;
    }
  }

  /** The chunks from the first on that are whole. Any behind them go. */
  async #stored(manifest: Manifest): Promise<Written> {
    const { family } = this.#shared;
    const chunks = await ChunkReader.begin(family, this.#name, manifest);
    let stored = NOTHING;
    try {
      while ((await chunks.next()) !== undefined) stored = chunks.given;
    } catch (error) {
      if (!(error instanceof StorageError) || !['CODEC', 'META'].includes(error.code)) throw error;
    } finally {
      await chunks.release();
    }
    const batch = new WriteBatch();
    this.#shared.removeChunks(batch, manifest.id, Math.ceil(stored.byteLength / manifest.chunkBytes));
    await reportedLater(family.database.write(batch));
    return stored;
  }

  async #records(manifest: Manifest): Promise<PackedBatch> {
    const { family } = this.#shared;
    const replaced = await this.#shared.occupant(this.#name);
    const key = manifestKey(this.#name);
    const visible = { ...manifest, createdAt: toCreationTime(Date.now()) };
    const batch = new WriteBatch().put(family, key, encodeManifest(key, visible));
    this.#shared.removeChunks(batch.delete(family, announcedKey(this.#announcedAs)), replaced?.id);
    return packedOf(batch).copy();
  }
}

function isSame(one: SnapshotIdentity, other: SnapshotIdentity): boolean {
  return one.index === other.index && one.byteLength === other.byteLength && one.checksum === other.checksum;
}
