// A snapshot store's column family: what all SnapshotStores on it share. Were it not shared, one of them would take for
// leftovers the chunks that another is writing.

import { coreOf } from '../../binding/database.js';
import { type ColumnFamily, type Database, RocksError, type Row, WriteBatch } from '../../binding/index.js';
import { StorageError } from '../contract/storage-error.js';
import { checkDatabase, checkName } from '../contract/validate.js';
import { claimFamily } from '../families/family-use.js';
import { asStorageError, reported, reportedLater } from '../families/reported.js';
import { showKey } from '../format/keys.js';
import {
  ANNOUNCED,
  announcedKey,
  CHUNKS,
  chunkKey,
  chunksOf,
  FOREIGN_TO_SNAPSHOTS,
  MANIFESTS,
  manifestKey,
  parseChunkKey,
  parseManifestKey,
} from '../format/snapshot-keys.js';
import { decodeManifest, type Manifest } from '../format/snapshot-records.js';
import { Pace } from './pace.js';
import { type LiveChunks, SpaceReclaimer } from './space-reclaimer.js';

/** A memtable is flushed at this size: with the default of 64 MiB, of which there may be two, a put takes 128 MiB. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;

const opened = new WeakMap<ColumnFamily, Promise<SnapshotFamily>>();

export class SnapshotFamily {
  readonly family: ColumnFamily;
  /** Slows down what is written to it, where need be. */
  readonly pace: Pace;
  readonly #reclaimer: SpaceReclaimer;
  /** Ids whose chunks are being written. */
  readonly #begun = new Set<number>();
  #lastId = 0;
  #lastTask: Promise<unknown> = Promise.resolve();

  private constructor(family: ColumnFamily) {
    this.family = family;
    this.pace = new Pace(family, coreOf(family.database));
    this.#reclaimer = new SpaceReclaimer(family, () => this.#liveChunks());
  }

  /**
   * The one of this column family. The first call removes what interrupted puts have left.
   * @throws StorageError COLUMN_FAMILY_NOT_FOUND; INVALID_ARGUMENT, also where a log is open on it; META where something else
   *   lies there; ROCKSDB
   */
  static async of(database: Database, name: string): Promise<SnapshotFamily> {
    checkDatabase('db', database);
    const family = reported(() => database.columnFamily(checkName('columnFamily', name)));
    let shared = opened.get(family);
    if (shared === undefined || database.closed) {
      shared = new SnapshotFamily(family).#open();
      opened.set(family, shared);
      shared.catch(() => opened.delete(family));
    }
    return shared;
  }

  // ── Opening ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #open(): Promise<SnapshotFamily> {
    const { family } = this;
    const { database } = family;
    try {
      for (const range of FOREIGN_TO_SNAPSHOTS) {
        const [row] = await database.scan(family, { ...range, limit: 1 });
        if (row !== undefined) {
          const message = `column family ${family.name} holds ${showKey(row.key)}, which is no snapshot's record`;
          throw new StorageError('META', message);
        }
      }
      claimFamily(family, 'a snapshot store');
      const stored = await this.#storedIds();
      const named = await this.#namedIds();
      this.#lastId = stored.concat(named ?? []).reduce((highest, id) => Math.max(highest, id), 0);
      const leftovers = named === undefined ? [] : stored.filter((id) => !named.includes(id));
      if (leftovers.length > 0) await this.#removeLeftovers(leftovers);
      await coreOf(database).limitWriteBuffer(family, WRITE_BUFFER_BYTES);
    } catch (error) {
      throw asStorageError(error);
    }
    this.#reclaimer.start();
    return this;
  }

  /** The ids that have chunks. One seek an id: the chunks themselves are not read. */
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

  /** The ids that manifests name. Undefined where a manifest is damaged: any chunks may be its own, so none may go. */
  async #namedIds(): Promise<number[] | undefined> {
    try {
      const { visible, announced } = await this.#allManifests();
      return [...visible, ...announced].map(({ id }) => id);
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

  // ── Manifests ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * All manifests, by the names of their snapshots.
   * @throws StorageError CODEC where one is damaged; META, COLUMN_FAMILY_NOT_FOUND, ROCKSDB
   */
  async manifests(): Promise<Map<string, Manifest>> {
    return byName(await this.#manifestRows());
  }

  /**
   * The names of all snapshots, damaged ones too.
   * @throws StorageError META, COLUMN_FAMILY_NOT_FOUND, ROCKSDB
   */
  async names(): Promise<string[]> {
    return (await this.#manifestRows()).map(({ key }) => parseManifestKey(key));
  }

  #manifestRows(): Promise<Row[]> {
    return reportedLater(this.family.database.scan(this.family, MANIFESTS));
  }

  /**
   * The manifest of the snapshot of this name, if there is one.
   * @throws StorageError CODEC where it is damaged; COLUMN_FAMILY_NOT_FOUND, ROCKSDB
   */
  async manifest(name: string): Promise<Manifest | undefined> {
    const key = manifestKey(name);
    const value = await reportedLater(this.family.database.get(this.family, key));
    return value === undefined ? undefined : decodeManifest(key, value);
  }

  /**
   * What has this name, if anything. The id of a damaged one is not known, nor which chunks are its own.
   * @throws StorageError COLUMN_FAMILY_NOT_FOUND, ROCKSDB
   */
  async occupant(name: string): Promise<{ id: number | undefined } | undefined> {
    try {
      return await this.manifest(name);
    } catch (error) {
      if (isDamage(error)) return { id: undefined };
      throw error;
    }
  }

  /**
   * What was announced of the snapshot of this name that is coming in; undefined where none is. A damaged one counts as none.
   * @throws StorageError COLUMN_FAMILY_NOT_FOUND, ROCKSDB
   */
  async announced(name: string): Promise<Manifest | undefined> {
    const key = announcedKey(name);
    const value = await reportedLater(this.family.database.get(this.family, key));
    return value === undefined ? undefined : readable({ key, value })[0];
  }

  /** Of all that are coming in, damaged ones too. @throws StorageError META, COLUMN_FAMILY_NOT_FOUND, ROCKSDB */
  async announcedNames(): Promise<string[]> {
    const rows = await reportedLater(this.family.database.scan(this.family, ANNOUNCED));
    return rows.map(({ key }) => parseManifestKey(key));
  }

  /** Of all chunks that must stay. @throws StorageError CODEC where one that is visible is damaged; as {@link manifests} */
  async #allManifests(): Promise<{ visible: Manifest[]; announced: Manifest[] }> {
    const range = { gte: ANNOUNCED.gte, lt: MANIFESTS.lt }; // nothing lies between the two
    const rows = await reportedLater(this.family.database.scan(this.family, range));
    const first = rows.findIndex(({ key }) => key.compare(MANIFESTS.gte) >= 0);
    const end = first < 0 ? rows.length : first;
    return { visible: [...byName(rows.slice(end)).values()], announced: rows.slice(0, end).flatMap(readable) };
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** An id for a snapshot about to be written. {@link settle} or {@link discard} must be called for it in the end. */
  begin(): number {
    const id = ++this.#lastId;
    this.#begun.add(id);
    return id;
  }

  /** {@link begin} for what an earlier process has begun. */
  resume(id: number): void {
    this.#begun.add(id);
  }

  /** Nothing more is written for `id`. It is visible now, or its chunks are left to the next open. Throws nothing. */
  settle(id: number): void {
    this.#begun.delete(id);
    if (this.#begun.size === 0) this.pace.end();
    this.reclaim();
  }

  /** Removes the chunks of `id`, which nobody sees. Where that fails, the next open removes them. Rejects with nothing. */
  async discard(id: number): Promise<void> {
    try {
      const batch = new WriteBatch();
      this.removeChunks(batch, id);
      await this.family.database.write(batch);
    } catch {
      // the caller must learn of what came before
    }
    this.settle(id);
  }

  /**
   * Adds to `batch` the removal of the chunks of `id`, those from number `first` on: one range, which no later read passes
   * over, since ids grow. Without an id it adds nothing: a later open removes them.
   * @throws RocksError INVALID_ARGUMENT where `batch` would pass 2 GiB
   */
  removeChunks(batch: WriteBatch, id: number | undefined, first = 0): void {
    if (id === undefined) return;
    batch.deleteRange(this.family, chunkKey(id, first), chunksOf(id).lt);
  }

  /** Chunks were removed: their space is given back in the background. */
  reclaim(): void {
    this.#reclaimer.start();
  }

  async #liveChunks(): Promise<LiveChunks> {
    const { visible, announced } = await this.#allManifests();
    const ids = new Set([...visible.concat(announced).map(({ id }) => id), ...this.#begun]);
    const bytes = visible.reduce((sum, { byteLength }) => sum + byteLength, 0);
    // Not the last id: an earlier process may have given higher ones, whose chunks are removed.
    return { ids: [...ids].sort((a, b) => a - b), bytes, end: Number.MAX_SAFE_INTEGER };
  }

  /** Runs one task at a time, in the order of the calls. For those that write manifests by what they have read. */
  exclusively<V>(task: () => Promise<V>): Promise<V> {
    const done = this.#lastTask.then(task);
    this.#lastTask = done.catch(() => {});
    return done;
  }
}

/** @throws StorageError CODEC, META */
function byName(rows: readonly Row[]): Map<string, Manifest> {
  return new Map(rows.map(({ key, value }) => [parseManifestKey(key), decodeManifest(key, value)]));
}

/** The manifest, or none where it is damaged. */
function readable({ key, value }: Row): Manifest[] {
  try {
    return [decodeManifest(key, value)];
  } catch (error) {
    if (isDamage(error)) return [];
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'CODEC';
}
