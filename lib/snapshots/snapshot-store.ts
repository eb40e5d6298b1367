import { type InspectOptions, inspect } from 'node:util';
import { type Database, WriteBatch } from '../../binding/index.js';
import { packedOf } from '../../binding/write-batch.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { checkIndex } from '../contract/validate.js';
import { reported, reportedLater } from '../families/reported.js';
import { manifestKey } from '../format/snapshot-keys.js';
import type { Manifest } from '../format/snapshot-records.js';
import type { Cursor } from '../log/cursor.js';
import { TrimReclaimer } from '../log/trim-reclaimer.js';
import { IncomingSnapshot, type SnapshotIdentity } from './incoming-snapshot.js';
import { COMPACTION, type LogMove, type LogStorage, logOf, RESTORATION } from './log-move.js';
import type {
  CompactOptions,
  PutOptions,
  SnapshotInfo,
  SnapshotReadOptions,
  SnapshotSource,
  SnapshotStream,
} from './snapshot.js';
import { checkCompactOptions, checkKeep, checkReadOptions, checkSnapshotName } from './snapshot-arguments.js';
import { SnapshotFamily } from './snapshot-family.js';
import { SnapshotReadable } from './snapshot-readable.js';
import { beginReading, type Reading, readWhole } from './snapshot-reading.js';
import { type SnapshotWrite, taking, toInfo, writeSnapshot } from './snapshot-writing.js';

/** Bytes of a chunk. docs/snapshots.md has the measurement behind it. */
export const CHUNK_BYTES = 256 * 1024;

const NAMES_IN_A_MESSAGE = 10;

/** @internal A snapshot for `name` that comes from elsewhere, one for each `announcedAs` (default `name`) at a time. */
export let incoming: (store: SnapshotStore, name: string, announcedAs?: string) => IncomingSnapshot;

/** @internal The `announcedAs` of each that comes from elsewhere, also since an earlier life. It rejects as the store's methods do. */
export let announcedNames: (store: SnapshotStore) => Promise<string[]>;

/** @internal Which snapshot has this name; undefined where none has. It rejects as the store's methods do. */
export let identityOf: (store: SnapshotStore, name: string) => Promise<SnapshotIdentity | undefined>;

/**
 * @internal Reads a snapshot from the chunk on that has the byte at `offset`; undefined where there is none of this name. The
 * chunks are to be released. It rejects as the store's methods do.
 */
export let readFrom: (store: SnapshotStore, name: string, offset: number) => Promise<Reading | undefined>;

/**
 * Snapshots by name, of any size, in a column family of their own. The database is the caller's, and has the log too.
 * Snapshots are stored in chunks, each with a checksum, and are streamed in and out. All stores on one column family of one
 * `Database` are the same store. It needs no closing.
 *
 * A snapshot is visible once it is complete and durable. At that moment it replaces the one of the same name, if there is
 * one. Where several calls are under way for one name, the last to finish decides. What a killed process left half written
 * is removed when the store is opened again, unless the database is read-only.
 *
 * Methods reject with a {@link StorageError}: `INVALID_ARGUMENT`; `COLUMN_FAMILY_NOT_FOUND` once the column family is
 * dropped; `CODEC` or `META` for a damaged record; `ROCKSDB`, with the RocksError as its cause, for what the database
 * reports, also that it is closed or read-only. Two things are passed on as they are: what a source throws, and the reason
 * of an AbortSignal.
 */
export class SnapshotStore {
  readonly #shared: SnapshotFamily;
  readonly #chunkBytes: number;

  static {
    incoming = (store, name, announcedAs = name) =>
      new IncomingSnapshot(store.#shared, store.#chunkBytes, name, announcedAs);
    announcedNames = (store) => store.#shared.announcedNames();
    readFrom = (store, name, offset) => beginReading(store.#shared, name, undefined, offset);
    identityOf = (store, name) => store.#shared.manifest(name);
  }

  /**
   * Opens the store in a column family, which must exist and have no other records. Removes what an interrupted `put` left.
   * @throws StorageError `COLUMN_FAMILY_NOT_FOUND`; `META` where the column family has other records, those of a log for
   *   example; `INVALID_ARGUMENT`, also where an empty log is open on it; `ROCKSDB`
   */
  static openIn(db: Database, columnFamily: string): Promise<SnapshotStore> {
    return SnapshotStore.openWithChunksOf(CHUNK_BYTES, db, columnFamily);
  }

  /** @internal {@link openIn} with another size of the chunks that it writes. */
  static async openWithChunksOf(chunkBytes: number, db: Database, columnFamily: string): Promise<SnapshotStore> {
    return new SnapshotStore(await SnapshotFamily.of(db, columnFamily), chunkBytes);
  }

  private constructor(shared: SnapshotFamily, chunkBytes: number) {
    this.#shared = shared;
    this.#chunkBytes = chunkBytes;
  }

  /** Where the store is, for `console.log` and its like. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    if (depth < 0) return '[SnapshotStore]';
    if (!(#shared in this)) return inspect(this, { ...options, customInspect: false });
    const { database, name } = this.#shared.family;
    return `SnapshotStore ${inspect({ path: database.path, columnFamily: name }, options)}`;
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Stores all bytes of `source` under `name`, as the state up to `index`. It is there, and durable, when this settles.
   * About one chunk (256 KiB) is in memory at a time: more is taken from the source only once that is written.
   *
   * Where it fails, whatever had the name before stays, and nothing is left of the new snapshot. What the source throws is
   * passed on as it is. The source is closed in any case, see {@link SnapshotSource}. While the source has nothing to give,
   * closing the database ends the call, and so does `options.signal`.
   */
  put(name: string, index: LogIndex, source: SnapshotSource, options?: PutOptions): Promise<SnapshotInfo> {
    const { database } = this.#shared.family;
    const commit = (batch: WriteBatch) => reportedLater(database.write(batch, { sync: true }));
    return taking(source, database, (taken) => this.#write({ name, index, options, taken, commit }));
  }

  /**
   * {@link put} and compaction in one. One atomic write, durable when this settles, makes the snapshot visible, removes the
   * log's entries below `index`, and moves its compaction floor to `index`, or `keepEntries` below. The bytes are stored before that, while the log
   * goes on. Gives and throws what `put` does; also `INVALID_ARGUMENT` where the log is in another database, or `index` lies
   * below its floor, behind its end or past the decided index; and what the storage refuses with, like `POISONED`.
   */
  compactTo<T, S>(
    storage: LogStorage<T, S>,
    name: string,
    index: LogIndex,
    source: SnapshotSource,
    options?: CompactOptions,
  ): Promise<SnapshotInfo> {
    return this.#moving(COMPACTION, storage, { name, index }, source, () => checkCompactOptions(options));
  }

  /**
   * Brings up a replica from a snapshot that was taken elsewhere: {@link put}, and in the same atomic write the floor and
   * the decided index move to `index`, where the next append lands. The replica's promise and accepted round stay. So does a
   * snapshot of the storage's own (`setSnapshot`), although the floor has moved past it.
   *
   * The replica must be fresh, or lag behind: `INVALID_ARGUMENT` where its log, its floor or its decided index goes past
   * `index`, or where it has a stop-sign. Everything else is as for {@link compactTo}.
   */
  restore<T, S>(
    storage: LogStorage<T, S>,
    name: string,
    index: LogIndex,
    source: SnapshotSource,
    options?: PutOptions,
  ): Promise<SnapshotInfo> {
    return this.#moving(RESTORATION, storage, { name, index }, source, () => ({ keepEntries: 0, rest: options }));
  }

  /** A put whose last write moves the log as well. */
  #moving<T, S>(
    move: LogMove,
    storage: LogStorage<T, S>,
    given: Pick<SnapshotWrite, 'name' | 'index'>,
    source: SnapshotSource,
    checkedOptions: () => { keepEntries: number; rest: PutOptions | undefined },
  ): Promise<SnapshotInfo> {
    const { index } = given;
    const { database } = this.#shared.family;
    return taking(source, database, async (taken) => {
      const { access, family } = logOf(storage, database);
      checkIndex('index', index);
      const { keepEntries, rest } = checkedOptions();
      await access.write(
        (log) => {
          move.check(log, index);
          return [];
        },
        () => {},
      );
      const commit = async (batch: WriteBatch) => {
        // Checked again, with nothing between that and the write: storing the bytes has taken its time.
        const floorIn = (log: Cursor) => Math.max(log.compactedIdx, index - keepEntries);
        const ops = (log: Cursor) => {
          move.check(log, index);
          return move.ops(index, floorIn(log));
        };
        const before = await access.write(ops, (_, log) => log, { alongside: packedOf(batch), sync: true });
        TrimReclaimer.of(family).note(before, floorIn(before));
      };
      return this.#write({ ...given, options: rest, taken, commit });
    });
  }

  #write(write: SnapshotWrite): Promise<SnapshotInfo> {
    return writeSnapshot(this.#shared, this.#chunkBytes, write);
  }

  /**
   * Removes a snapshot, also a damaged one; none of that name is no error. A put of that name that is under way comes after
   * it, unless its last write has begun.
   */
  async delete(name: string): Promise<void> {
    checkSnapshotName(name);
    await this.#shared.exclusively(async () => {
      const occupant = await this.#shared.occupant(name);
      if (occupant !== undefined) await this.#remove([[name, occupant]]);
    });
  }

  /** Removes all but the `keep` latest, in the sense of {@link latest}. Gives those it has removed, the lowest first. */
  async prune(options: { keep: number }): Promise<SnapshotInfo[]> {
    const keep = checkKeep(options);
    return this.#shared.exclusively(async () => {
      const all = await this.#sorted();
      const removed = all.slice(0, Math.max(0, all.length - keep));
      if (removed.length > 0) await this.#remove(removed);
      return removed.map(([name, manifest]) => toInfo(name, manifest));
    });
  }

  async #remove(snapshots: readonly [string, { id: number | undefined }][]): Promise<void> {
    const { family } = this.#shared;
    const batch = new WriteBatch();
    reported(() => {
      for (const [name, { id }] of snapshots) {
        batch.delete(family, manifestKey(name));
        this.#shared.removeChunks(batch, id);
      }
    });
    await reportedLater(family.database.write(batch));
    this.#shared.reclaim();
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The bytes of a snapshot as they are now, whatever becomes of it afterwards. Each chunk is verified before it is handed
   * out, and the whole before the stream ends. Damage ends the stream with an error that names the chunk, never with short
   * data. Its `snapshot` says which it is: what `list` and `latest` have said may have been replaced since.
   *
   * Read it to its end, or destroy it: until then the files that it reads stay on the disk. `INVALID_ARGUMENT` where there is
   * no snapshot of that name.
   */
  async open(name: string, options?: SnapshotReadOptions): Promise<SnapshotStream> {
    checkSnapshotName(name);
    const { signal } = checkReadOptions(options);
    const reading = await beginReading(this.#shared, name, signal);
    if (reading === undefined) {
      const known = listed(await this.#shared.names());
      throw new StorageError('INVALID_ARGUMENT', `there is no snapshot ${JSON.stringify(name)}; there ${known}`);
    }
    const { manifest, chunks } = reading;
    return new SnapshotReadable(toInfo(name, manifest), chunks, manifest.chunkBytes, signal);
  }

  /**
   * A snapshot in one piece of memory, verified like {@link open}; undefined where there is none of that name.
   * `INVALID_ARGUMENT` where it is too long for one Buffer: {@link open} it.
   */
  async get(name: string, options?: SnapshotReadOptions): Promise<Buffer | undefined> {
    checkSnapshotName(name);
    const { signal } = checkReadOptions(options);
    const reading = await beginReading(this.#shared, name, signal);
    return reading && readWhole(reading, name, signal);
  }

  /**
   * All snapshots, by their index; of one index, in the order in which they were begun. A damaged one is a `CODEC` error
   * that names it; the others can be read by their names all the same.
   */
  async list(): Promise<SnapshotInfo[]> {
    return (await this.#sorted()).map(([name, manifest]) => toInfo(name, manifest));
  }

  /** The last of {@link list}: the one of the highest index; of several, the one begun last. */
  async latest(): Promise<SnapshotInfo | undefined> {
    return (await this.list()).at(-1);
  }

  async #sorted(): Promise<[string, Manifest][]> {
    return [...(await this.#shared.manifests())].sort(([, a], [, b]) => a.index - b.index || a.id - b.id);
  }
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'are none';
  const first = names.slice(0, NAMES_IN_A_MESSAGE).map((name) => JSON.stringify(name));
  const others = names.length - first.length;
  return `is ${first.join(', ')}${others === 0 ? '' : ` and ${others} more`}`;
}
