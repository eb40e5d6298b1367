// A snapshot store's column family: what all SnapshotStores on it share, so that none takes the chunks that another is
// writing for leftovers.

import { coreOf } from '../../binding/database.js';
import { type ColumnFamily, Database, RocksError, type Row, WriteBatch } from '../../binding/index.js';
import { StorageError } from '../contract/storage-error.js';
import { checkName } from '../contract/validate.js';
import { claimFamily } from '../families/family-use.js';
import { asStorageError, reported, reportedLater } from '../families/reported.js';
import { showKey } from '../format/keys.js';
import {
  CHUNKS,
  chunkKey,
  chunksOf,
  FOREIGN,
  MANIFESTS,
  manifestKey,
  parseChunkKey,
  parseManifestKey,
} from '../format/snapshot-keys.js';
import { decodeManifest, type Manifest } from '../format/snapshot-records.js';
import { Pace } from './pace.js';
import { SpaceReclaimer } from './space-reclaimer.js';

/** A memtable is flushed at this size: with the default of 64 MiB, of which there may be two, a put takes 128 MiB. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;

const opened = new WeakMap<ColumnFamily, Promise<SnapshotFamily>>();

export class SnapshotFamily {
  readonly family: ColumnFamily;
  /** Of all that is written to it. */
  readonly pace: Pace;
  readonly #reclaimer: SpaceReclaimer;
  /** Ids whose chunks are being written. */
  readonly #begun = new Set<number>();
  #lastId = 0;
  #lastTask: Promise<unknown> = Promise.resolve();

  private constructor(family: ColumnFamily) {
    this.family = family;
    this.pace = new Pace(family, (bytesPerSecond) => coreOf(family.database).limitBackgroundWrites(bytesPerSecond));
    this.#reclaimer = new SpaceReclaimer(
      family,
      async () => {
        const manifests = [...(await this.manifests()).values()];
        const ids = [...manifests.map(({ id }) => id), ...this.#begun].sort((a, b) => a - b);
        return { ids, bytes: manifests.reduce((sum, { byteLength }) => sum + byteLength, 0), end: this.#lastId + 1 };
      },
      async () => {
        if (this.#begun.size === 0) await this.pace.end();
      },
    );
  }

  /**
   * The one of this column family; the first call removes what interrupted puts have left.
   * @throws StorageError COLUMN_FAMILY_NOT_FOUND; INVALID_ARGUMENT, also where a log is open on it; META where something else
   *   lies there; ROCKSDB
   */
  static async of(database: Database, name: string): Promise<SnapshotFamily> {
    if (!(database instanceof Database)) throw new StorageError('INVALID_ARGUMENT', 'db must be a Database');
    const family = reported(() => database.columnFamily(checkName('columnFamily', name)));
    let shared = opened.get(family);
    if (shared === undefined || database.closed) {
      shared = new SnapshotFamily(family).#open();
      opened.set(family, shared);
      shared.catch(() => opened.delete(family));
    }
    return shared;
  }

  async #open(): Promise<SnapshotFamily> {
    const { family } = this;
    const { database } = family;
    try {
      for (const range of FOREIGN) {
        const [row] = await database.scan(family, { ...range, limit: 1 });
        if (row !== undefined) {
          const message = `column family ${family.name} holds ${showKey(row.key)}, which is no snapshot's record`;
          throw new StorageError('META', message);
        }
      }
      claimFamily(family, 'a snapshot store');
      const stored = await this.#storedIds();
      const kept = await this.#namedIds();
      this.#lastId = stored.concat(kept ?? []).reduce((highest, id) => Math.max(highest, id), 0);
      const leftovers = kept === undefined ? [] : stored.filter((id) => !kept.includes(id));
      if (leftovers.length > 0) await this.#removeLeftovers(leftovers);
      await coreOf(database).limitWriteBuffer(family, WRITE_BUFFER_BYTES);
    } catch (error) {
      throw asStorageError(error);
    }
    this.#reclaimer.start();
    return this;
  }

  /** One seek an id: the chunks themselves are not read. */
  async #storedIds(): Promise<number[]> {
    const ids: number[] = [];
    for (let gte: Buffer = CHUNKS.gte; ; ) {
      const [row] = await this.family.database.scan(this.family, { gte, lt: CHUNKS.lt, limit: 1 });
      if (row === undefined) return ids;
      const { id } = parseChunkKey(row.key);
      ids.push(id);
      gte = chunkKey(id + 1, 0);
    }
  }

  /** Undefined where a manifest is damaged: nobody knows which chunks are its own, and none may go. */
  async #namedIds(): Promise<number[] | undefined> {
    try {
      return [...(await this.manifests()).values()].map(({ id }) => id);
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  }

  async #removeLeftovers(ids: readonly number[]): Promise<void> {
    const batch = new WriteBatch();
    for (const id of ids) this.removeChunks(batch, id);
    try {
      await this.family.database.write(batch);
    } catch (error) {
      // Nobody sees them; whoever opens the database for writing next removes them.
      if (!(error instanceof RocksError) || error.code !== 'READ_ONLY') throw error;
    }
  }

  /**
   * Each by its name.
   * @throws StorageError CODEC where one is damaged, META
   */
  async manifests(): Promise<Map<string, Manifest>> {
    const rows = await this.#manifestRows();
    return new Map(rows.map(({ key, value }) => [parseManifestKey(key), decodeManifest(key, value)]));
  }

  /** Of all snapshots, damaged ones too. */
  async names(): Promise<string[]> {
    return (await this.#manifestRows()).map(({ key }) => parseManifestKey(key));
  }

  #manifestRows(): Promise<Row[]> {
    return reportedLater(this.family.database.scan(this.family, MANIFESTS));
  }

  /** The one that is to go, or be replaced: of a damaged one it is not known which chunks are its own. */
  async held(name: string): Promise<{ id: number | undefined } | undefined> {
    try {
      return await this.manifest(name);
    } catch (error) {
      if (isDamage(error)) return { id: undefined };
      throw error;
    }
  }

  async manifest(name: string): Promise<Manifest | undefined> {
    const key = manifestKey(name);
    const value = await reportedLater(this.family.database.get(this.family, key));
    return value === undefined ? undefined : decodeManifest(key, value);
  }

  /** An id for a snapshot about to be written. To be given to {@link settle} in the end. */
  begin(): number {
    const id = ++this.#lastId;
    this.#begun.add(id);
    return id;
  }

  /** It is visible now, or its chunks are to be left to the next open. */
  settle(id: number): void {
    this.#begun.delete(id);
    this.reclaim();
  }

  /** Its chunks go. Where that fails, the next open removes them. */
  async discard(id: number): Promise<void> {
    const batch = new WriteBatch();
    this.removeChunks(batch, id);
    await this.family.database.write(batch).catch(() => {});
    this.settle(id);
  }

  /** A range over the chunks of one id. Ids grow, so no later read passes over it. Without an id: left to a later open. */
  removeChunks(batch: WriteBatch, id: number | undefined): void {
    if (id === undefined) return;
    const { gte, lt } = chunksOf(id);
    batch.deleteRange(this.family, gte, lt);
  }

  /** Something was removed. */
  reclaim(): void {
    this.#reclaimer.start();
  }

  /** Runs what reads manifests and writes them by what it has read: one task at a time. */
  exclusively<V>(task: () => Promise<V>): Promise<V> {
    const done = this.#lastTask.then(task);
    this.#lastTask = done.catch(() => {});
    return done;
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'CODEC';
}
