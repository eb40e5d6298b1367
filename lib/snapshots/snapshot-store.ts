import { type InspectOptions, inspect } from 'node:util';
import { type Database, WriteBatch } from '../../binding/index.js';
import { packedOf } from '../../binding/write-batch.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { checkIndex } from '../contract/validate.js';
import { reported, reportedLater } from '../families/reported.js';
import { manifestKey } from '../format/snapshot-keys.js';
import { encodeManifest, type Manifest, toCreationTime } from '../format/snapshot-records.js';
import type { Cursor } from '../log/cursor.js';
import { leavesOutcomeOpen } from '../log/failures.js';
import { TrimReclaimer } from '../log/trim-reclaimer.js';
import { type Written, writeChunks } from './chunk-writer.js';
import { Interruption } from './interruption.js';
import { COMPACTION, type LogMove, type LogStorage, logOf, RESTORATION } from './log-move.js';
import type { PutOptions, SnapshotInfo, SnapshotReadOptions, SnapshotSource, SnapshotStream } from './snapshot.js';
import { checkKeep, checkPutOptions, checkReadOptions, checkSnapshotName } from './snapshot-arguments.js';
import { SnapshotFamily } from './snapshot-family.js';
import { SnapshotReadable } from './snapshot-readable.js';
import { beginReading, readWhole } from './snapshot-reading.js';
import { TakenSource } from './taken-source.js';

/** Bytes of a chunk. docs/snapshots.md has the measurement behind it. */
export const CHUNK_BYTES = 256 * 1024;

const NAMES_IN_A_MESSAGE = 10;

type Commit = (batch: WriteBatch) => Promise<void>;

/**
 * Snapshots by name, in a column family of their own, on a database that the caller owns and shares with the log: in
 * chunks, each with a checksum, streamed in and out. There may be any number of stores on one column family of one
 * `Database`; they are the same store. It needs no closing.
 *
 * A snapshot is visible once it is complete and durable; it then takes the place of one of the same name at once. Where
 * several calls are under way for one name, the last to finish decides. What a killed process left half written is removed
 * when the store is opened again, unless the database is read-only.
 *
 * Methods reject with a {@link StorageError}: `INVALID_ARGUMENT`; `COLUMN_FAMILY_NOT_FOUND` once the column family is
 * dropped; `CODEC` or `META` for a damaged record; `ROCKSDB`, with the RocksError as its cause, for what the database
 * reports, also that it is closed or read-only. Two things are passed on as they are: what a source throws, and the reason
 * of an AbortSignal.
 */
export class SnapshotStore {
  readonly #shared: SnapshotFamily;
  readonly #chunkBytes: number;

  /**
   * Opens the store in a column family, which must exist and hold nothing else. Removes what an interrupted `put` left.
   * @throws StorageError `COLUMN_FAMILY_NOT_FOUND`; `META` where the column family holds something else, `INVALID_ARGUMENT`
   *   where a log is open on it
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
    const { database, name } = this.#shared.family;
    return `SnapshotStore ${inspect({ path: database.path, columnFamily: name }, options)}`;
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Stores all bytes of `source` under `name`, as the state up to `index`. It is there, and durable, when this settles.
   * Holds about one chunk (256 KiB) in memory, and takes more from the source only once that is written.
   *
   * Where it fails, whatever had the name before stays, and nothing is left of the new snapshot. What the source throws is
   * passed on as it is. The source is closed in any case, see {@link SnapshotSource}. A put whose source has nothing to give
   * ends when the database is closed, or by `options.signal`.
   */
  put(name: string, index: LogIndex, source: SnapshotSource, options?: PutOptions): Promise<SnapshotInfo> {
    const { database } = this.#shared.family;
    return this.#taking(source, (taken) =>
      this.#put(name, index, taken, options, (batch) => reportedLater(database.write(batch, { sync: true }))),
    );
  }

  /**
   * {@link put} and compaction in one: the snapshot becomes visible, the log loses all entries below `index` and its
   * compaction floor moves to `index`, in one atomic write that is durable when this settles. The bytes are stored before
   * that; the log goes on meanwhile. Gives and throws what `put` does; also `INVALID_ARGUMENT` where the log is in another
   * database, or `index` below its floor or behind its end; and what the storage refuses with, like `POISONED`.
   */
  compactTo<T, S>(
    storage: LogStorage<T, S>,
    name: string,
    index: LogIndex,
    source: SnapshotSource,
    options?: PutOptions,
  ): Promise<SnapshotInfo> {
    return this.#taking(source, (taken) => this.#putMoving(COMPACTION, storage, name, index, taken, options));
  }

  /**
   * Brings up a replica from a snapshot that was taken elsewhere: {@link put}, and in the same atomic write the floor and
   * the decided index move to `index`, where the next append lands. What the replica has promised and accepted as rounds
   * stays, and so does a snapshot of the storage's own (`setSnapshot`), which the floor has left behind then. The replica
   * must be fresh, or lag behind: `INVALID_ARGUMENT` where its log, its floor or its decided index goes past `index`, or
   * where it has a stop-sign. Everything else is as for {@link compactTo}.
   */
  restore<T, S>(
    storage: LogStorage<T, S>,
    name: string,
    index: LogIndex,
    source: SnapshotSource,
    options?: PutOptions,
  ): Promise<SnapshotInfo> {
    return this.#taking(source, (taken) => this.#putMoving(RESTORATION, storage, name, index, taken, options));
  }

  /** Runs a call that `given` was handed to as its source, and closes that where the call fails, whyever. */
  async #taking<V>(given: unknown, call: (taken: Taken) => Promise<V>): Promise<V> {
    const interruption = new Interruption(this.#shared.family.database);
    try {
      const source = new TakenSource(given, interruption);
      try {
        return await call({ source, interruption });
      } catch (error) {
        await source.letGo();
        throw error;
      }
    } finally {
      interruption.dispose();
    }
  }

  async #putMoving<T, S>(
    move: LogMove,
    storage: LogStorage<T, S>,
    name: string,
    index: LogIndex,
    taken: Taken,
    options: PutOptions | undefined,
  ): Promise<SnapshotInfo> {
    const { access, family } = logOf(storage, this.#shared.family.database);
    checkIndex('index', index);
    await access.write(
      (log) => {
        move.check(log, index);
        return [];
      },
      () => {},
    );
    return this.#put(name, index, taken, options, async (batch) => {
      // Checked again, with nothing between that and the write: storing the bytes has taken its time.
      const ops = (log: Cursor) => {
        move.check(log, index);
        return move.ops(index);
      };
      const before = await access.write(ops, (_, log) => log, { alongside: packedOf(batch), sync: true });
      TrimReclaimer.of(family).note(before, index);
    });
  }

  async #put(
    givenName: string,
    givenIndex: LogIndex,
    { source, interruption }: Taken,
    options: PutOptions | undefined,
    commit: Commit,
  ): Promise<SnapshotInfo> {
    const name = checkSnapshotName(givenName);
    const index = checkIndex('index', givenIndex) + 0; // never -0, which would come back as 0
    source.check();
    const { overwrite, signal } = checkPutOptions(options);
    interruption.heed(signal);
    interruption.check();
    if (!overwrite) refuseTaken(name, await this.#shared.occupant(name));

    const { family, pace } = this.#shared;
    const id = this.#shared.begin();
    let published: Promise<SnapshotInfo> | undefined;
    try {
      const written = await writeChunks(family, pace, id, source, interruption, this.#chunkBytes);
      published = this.#shared.exclusively(() => {
        interruption.check();
        return this.#publish({ id, name, index, overwrite, written }, commit);
      });
      return await published;
    } catch (error) {
      // Where the manifest may be on disk, the chunks must stay: the next open learns which it is.
      if (published !== undefined && leavesOutcomeOpen(error)) this.#shared.settle(id);
      else await this.#shared.discard(id);
      throw error;
    }
  }

  async #publish({ id, name, index, overwrite, written }: Unpublished, commit: Commit): Promise<SnapshotInfo> {
    const replaced = await this.#shared.occupant(name);
    if (!overwrite) refuseTaken(name, replaced);
    const createdAt = toCreationTime(Date.now());
    const manifest: Manifest = { id, index, ...written, chunkBytes: this.#chunkBytes, createdAt };
    const key = manifestKey(name);
    const batch = reported(() => {
      const records = new WriteBatch().put(this.#shared.family, key, encodeManifest(key, manifest));
      this.#shared.removeChunks(records, replaced?.id);
      return records;
    });
    await commit(batch);
    this.#shared.settle(id);
    return toInfo(name, manifest);
  }

  /**
   * Removes a snapshot, a damaged one too; one that is not there is no error. One that is being put meanwhile comes after it,
   * unless its last write has begun.
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
   * out, the whole before the stream ends: what is damaged ends it with an error that names the chunk, never with short
   * data. Read it to its end or destroy it: until then it keeps what it reads from being removed from the disk. Its
   * `snapshot` says what it is of; what `list` and `latest` have said may have been replaced since.
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
   * `INVALID_ARGUMENT` where it does not fit: {@link open} it.
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

/** What a call has taken over. */
interface Taken {
  source: TakenSource;
  interruption: Interruption;
}

/** All that a snapshot will be, once its manifest is written. */
interface Unpublished {
  id: number;
  name: string;
  index: LogIndex;
  overwrite: boolean;
  written: Written;
}

function toInfo(name: string, { index, byteLength, createdAt }: Manifest): SnapshotInfo {
  return { name, index, byteLength, createdAt: new Date(createdAt) };
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'are none';
  const first = names.slice(0, NAMES_IN_A_MESSAGE).map((name) => JSON.stringify(name));
  const others = names.length - first.length;
  return `is ${first.join(', ')}${others === 0 ? '' : ` and ${others} more`}`;
}

function refuseTaken(name: string, occupant: object | undefined): void {
  if (occupant === undefined) return;
  throw new StorageError('INVALID_ARGUMENT', `there is a snapshot ${JSON.stringify(name)} already`);
}
