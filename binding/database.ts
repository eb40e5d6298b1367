import { resolve } from 'node:path';
import { type InspectOptions, inspect } from 'node:util';
import { checkBoolean, checkBytes, checkName, checkOptionalBytes, checkOptions } from './arguments.js';
import { ColumnFamilyHandle, type ColumnFamilyOf } from './column-family.js';
import { type Recovered, toRecovered } from './damage.js';
import { DatabaseCore, PLAIN } from './database-core.js';
import { type ColumnFamilyOptions, type DatabaseOptions, toNativeFamily, toNativeOptions } from './open-options.js';
import type { Row } from './packed-rows.js';
import { RocksError } from './rocks-error.js';
import { type IterateOptions, iterateRows, toSignal } from './row-iterator.js';
import { type ScanRange, toNativeRange } from './scan-range.js';
import { packedOf, type WriteBatch } from './write-batch.js';

/** A named key space of a database, with a memtable and files of its own. From {@link Database.columnFamily}. */
export type ColumnFamily = ColumnFamilyOf<Database>;

/** Options of {@link Database.write}. */
export interface WriteOptions {
  /** True: the WAL is fsynced before the call is done. Default false: the operating system has the write, the disk may not. */
  sync?: boolean;
}

/** @internal Not by `instanceof`: that is true of a proxy around one as well, which has no database. */
export let isDatabase: (value: unknown) => value is Database;

/** @internal What is behind `database`. */
export let coreOf: (database: Database) => DatabaseCore;

/**
 * An open RocksDB database. One path can be open for writing once at a time, in all processes together.
 *
 * Writes take effect in the order of the calls, blocking and asynchronous ones alike; asynchronous ones that wait are
 * merged into one RocksDB write with one fsync. Keys and values are copied before a call returns. Nothing asynchronous
 * runs on libuv's threads.
 *
 * Every method throws, or rejects with, a {@link RocksError}: `CLOSED` once closing has begun, `READ_ONLY` for a write to
 * a database that is open read-only, `COLUMN_FAMILY_NOT_FOUND` for a dropped column family, `CORRUPTION` where a checksum
 * does not match, `IO_ERROR` or `NO_SPACE` as the file system says. A wrong argument is a `TypeError`, or a `RocksError`,
 * with the code `INVALID_ARGUMENT`.
 *
 * Once the disk has failed a write, or RocksDB's own work in the background that a write waits for, every later write fails
 * with the same error, until the database is opened again: none waits for a full disk to have room. Reads go on. The same
 * happens, with `IO_ERROR`, once the database's folder is found to be moved or replaced. Every synced write looks before
 * anything is written, and an unsynced one where none has looked for a millisecond; {@link close} reports it too.
 */
export class Database implements AsyncDisposable, Disposable {
  /** Where the database is, absolute. */
  readonly path: string;
  readonly #core: DatabaseCore;
  readonly #families = new Map<string, ColumnFamily>();
  #recovered: Recovered | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  static {
    isDatabase = (value) => typeof value === 'object' && value !== null && #core in value;
    coreOf = (database) => database.#core;
  }

  private constructor(path: string) {
    this.path = resolve(checkName('path', path));
    this.#core = new DatabaseCore(this.path);
  }

  /**
   * Opens the database at `path`, with its column families.
   * @throws RocksError `LOCKED` where it is open already, here or in another process; `NOT_FOUND` where there is none and
   *   none may be made; `INVALID_ARGUMENT` where there is one and `errorIfExists`, or options contradict each other;
   *   `COLUMN_FAMILY_NOT_FOUND` where one is missing and may not be made; `CORRUPTION` where its files are damaged, or lack what had been made durable (see `recover`); `BUSY`
   *   where it is opened read-only, and a writer changed its files during each of many attempts: try again; `IO_ERROR` also
   *   where its file system does not lock files
   */
  static async open(path: string, options?: DatabaseOptions): Promise<Database> {
    const database = new Database(path);
    const native = toNativeOptions(options);
    database.#core.readOnly = native.readOnly;
    await database.#core.requests.start((request) => database.#core.native.open(request, database.path, native));
    database.#learn();
    return database;
  }

  /** {@link open}, blocking. */
  static openSync(path: string, options?: DatabaseOptions): Database {
    const database = new Database(path);
    const native = toNativeOptions(options);
    database.#core.readOnly = native.readOnly;
    database.#core.native.openSync(database.path, native);
    database.#learn();
    return database;
  }

  /** What it was opened without, where it was damaged and opened all the same: see `recover` in {@link DatabaseOptions}. */
  get recovered(): Recovered | undefined {
    return this.#recovered;
  }

  #learn(): void {
    this.#recovered = toRecovered(this.#core.native.recovered());
    const pairs = this.#core.native.columnFamilies();
    for (let at = 0; at < pairs.length; at += 2) {
      const name = pairs[at] as string;
      this.#families.set(name, new ColumnFamilyHandle<Database>(this.#core, this, name, pairs[at + 1] as number));
    }
  }

  // ── Column families ────────────────────────────────────────────────────────────────────────────────────────────────

  /** The names of its column families, sorted. */
  get columnFamilies(): readonly string[] {
    return [...this.#families.keys()].sort();
  }

  /**
   * The column family of this name.
   * @throws RocksError `COLUMN_FAMILY_NOT_FOUND`
   */
  columnFamily(name: string): ColumnFamily {
    return this.#family('open', name);
  }

  #family(operation: string, name: string): ColumnFamily {
    const family = this.#families.get(checkName('name', name));
    if (family === undefined) {
      const message = `${operation} column family ${JSON.stringify(name)}: there is none of that name in ${this.path}`;
      throw new RocksError('COLUMN_FAMILY_NOT_FOUND', message);
    }
    return family;
  }

  /**
   * Creates a column family. Calls that are made together are carried out in one go.
   * @throws RocksError `COLUMN_FAMILY_EXISTS`
   */
  async createColumnFamily(options: string | ColumnFamilyOptions): Promise<ColumnFamily> {
    const native = toNativeFamily('options', options);
    this.#core.requests.offerDeferred(true);
    const id = await this.#core.requests.start<number>((request) =>
      this.#core.native.createColumnFamily(request, native),
    );
    const family = new ColumnFamilyHandle<Database>(this.#core, this, native.name, id);
    this.#families.set(native.name, family);
    return family;
  }

  /**
   * Removes a column family and all that is in it. It is gone for every call made after this one. Calls that are made
   * together are carried out in one go.
   * @throws RocksError `COLUMN_FAMILY_NOT_FOUND`; `INVALID_ARGUMENT` for `default`, which cannot be removed
   */
  async dropColumnFamily(name: string): Promise<void> {
    // On a closed database the addon says so.
    const family = this.#closed ? this.#families.get(checkName('name', name)) : this.#family('drop', name);
    this.#core.requests.offerDeferred(true);
    const dropped = this.#core.requests.start<void>((request) => {
      this.#core.native.dropColumnFamily(request, name);
      this.#families.delete(name);
    });
    try {
      await dropped;
    } catch (error) {
      // Still there after a failure, and unchanged, unless it was not this call that removed it.
      if (family !== undefined && !this.#families.has(name)) this.#families.set(name, family);
      throw error;
    }
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The value of `key`, or undefined. */
  get(cf: ColumnFamily, key: Uint8Array): Promise<Buffer | undefined> {
    return this.#core.requests.start((request) =>
      this.#core.native.get(request, this.#core.idOf(cf), checkBytes('key', key)),
    );
  }

  /** {@link get}, blocking. */
  getSync(cf: ColumnFamily, key: Uint8Array): Buffer | undefined {
    return this.#core.native.getSync(this.#core.idOf(cf), checkBytes('key', key));
  }

  /**
   * The rows of a range, all from one moment, and all in memory. For a long range there is {@link iterate}.
   * @throws RocksError `INVALID_ARGUMENT` where the rows take more than 2 GiB together: set `limit` or `maxBytes`, or iterate
   */
  async scan(cf: ColumnFamily, range?: ScanRange): Promise<Row[]> {
    return (await this.#core.scan(cf, range)).rows();
  }

  /** {@link scan}, blocking. */
  scanSync(cf: ColumnFamily, range?: ScanRange): Row[] {
    return this.#core.scanSync(cf, range).rows();
  }

  /**
   * The rows of a range one by one, all from one moment: that of the first `next()`. If it is ended early (`break`,
   * `return()`, `signal`), it lets go of the files that it reads. Closing the database ends it with `CLOSED`.
   * @throws a wrong argument at the call; everything else, and the reason of `signal`, from `next()`
   */
  iterate(cf: ColumnFamily, range?: ScanRange, options?: IterateOptions): AsyncIterableIterator<Row> {
    return iterateRows(this.#core, toNativeRange(this.#core.idOf(cf), range), toSignal(options));
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Writes all of `batch` or nothing. The batch may be changed, or written again, as soon as the call has returned. */
  write(batch: WriteBatch, options?: WriteOptions): Promise<void> {
    try {
      return this.#core.write(packedOf(batch), { sync: toSync(options), ...PLAIN });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** {@link write}, blocking; it waits for the asynchronous writes called before it. */
  writeSync(batch: WriteBatch, options?: WriteOptions): void {
    this.#core.writeSync(packedOf(batch), toSync(options));
  }

  // ── Maintenance ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Writes every memtable to a file. Durability does not need it: that is the WAL's. */
  flush(): Promise<void> {
    return this.#core.requests.start((request) => this.#core.native.flush(request));
  }

  /** Rewrites the files of a range so that what was deleted gives its space back. */
  compactRange(cf: ColumnFamily, range?: { gte?: Uint8Array; lt?: Uint8Array }): Promise<void> {
    return this.#core.requests.start((request) => {
      const { gte, lt } = checkOptions('range', range, ['gte', 'lt']);
      const family = this.#core.idOf(cf);
      this.#core.native.compactRange(request, family, checkOptionalBytes('gte', gte), checkOptionalBytes('lt', lt));
    });
  }

  /**
   * A consistent copy of the whole database in a new folder `path`, hard-linked where the file system allows. It is
   * complete, and on the disk, before it has that name. On its way it is a folder `.omnipaxos-rocksdb-checkpoint-…` beside
   * it; the next checkpoint to `path` removes what a killed one has left there.
   * @throws RocksError `INVALID_ARGUMENT` where `path` exists; `READ_ONLY`: what is in the WAL alone would be missing
   */
  checkpoint(path: string): Promise<void> {
    return this.#core.requests.start((request) =>
      this.#core.native.checkpoint(request, resolve(checkName('path', path))),
    );
  }

  /**
   * A property of RocksDB ("rocksdb.total-sst-files-size"), of `cf` (default: the column family `default`), or undefined
   * where there is none of that name. A value that RocksDB keeps inside a map is named "map/key":
   * "rocksdb.dbstats/db.wal_syncs" is the number of WAL fsyncs since the database was opened.
   */
  property(name: string, cf?: ColumnFamily): string | undefined {
    const family = cf === undefined ? undefined : this.#core.idOf(cf);
    return this.#core.native.property(checkName('name', name), family);
  }

  // ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** True once closing has begun. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Refuses new work, waits for what is in flight with no time-out, makes every write durable, and closes. Calling it again
   * gives the same outcome. It does not wait for the background work that gives space back.
   *
   * A database that nobody closes is closed when it is collected, or when its thread ends. `process.exit()` and an uncaught
   * exception leave it as a kill would, with all that was written.
   * @throws RocksError `IO_ERROR` or `NO_SPACE` where the last writes cannot be made durable; it is closed all the same
   */
  close(): Promise<void> {
    this.#closed = true;
    this.#core.beginClosing();
    this.#core.requests.offerDeferred(true);
    this.#closing ??= this.#core.requests.start<void>((request) => this.#core.native.close(request));
    return this.#closing;
  }

  /** {@link close}, blocking. */
  closeSync(): void {
    this.#closed = true;
    this.#core.beginClosing();
    this.#core.requests.offerDeferred(true);
    this.#core.native.closeSync();
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** {@link closeSync}, for `using`. */
  [Symbol.dispose](): void {
    this.closeSync();
  }

  /** For `console.log`: the path, whether it is open, and its column families. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    if (!isDatabase(this)) return inspect(this, { ...options, customInspect: false }); // the prototype, or a proxy
    const { path, columnFamilies } = this;
    return `Database ${inspect({ path, state: this.#closed ? 'closed' : 'open', columnFamilies }, options)}`;
  }
}

function toSync(options: WriteOptions | undefined): boolean {
  return checkBoolean('sync', checkOptions('options', options, ['sync']).sync, false);
}
