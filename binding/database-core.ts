import { ColumnFamilyHandle, type ColumnFamilyOf, type FamilyOwner } from './column-family.js';
import { loadAddon } from './load-addon.js';
import type { NativeDatabase } from './native-addon.js';
import type { PackedBatch } from './packed-batch.js';
import { PackedRows } from './packed-rows.js';
import type { Pages } from './pages.js';
import { ALONE, Requests } from './requests.js';
import { RocksError, type RocksErrorCode } from './rocks-error.js';
import { type ScanRange, toNativeRange } from './scan-range.js';

/** See native/core/write_queue.h. */
export interface WriteTerms {
  sync: boolean;
  writer: number;
  /** It takes effect only behind the reads called before it: it changes what they look at. */
  behindReads: boolean;
}

/** A file of a database, in which rows lie sorted. */
export interface SstFile {
  /** "/000012.sst" */
  name: string;
  columnFamily: string;
  byteLength: number;
}

/** Writes that stand alone. */
export const PLAIN = { writer: ALONE, behindReads: false };

/** @internal What {@link Database} is a face of, for the storages: the addon's database, and how its calls are made. */
export class DatabaseCore implements FamilyOwner {
  readonly path: string;
  /** Opened for reading alone. */
  readOnly = false;
  readonly requests = new Requests();
  readonly native: NativeDatabase;
  readonly #closingListeners = new Set<() => void>();
  #lastWriter = ALONE;
  #kicking = false;

  constructor(path: string) {
    this.path = path;
    this.native = new (loadAddon().Database)(
      this.requests.settle,
      (code, message) => new RocksError(code as RocksErrorCode, message),
    );
  }

  /** The number by which the addon knows `cf`, which must be of this database. */
  idOf(cf: ColumnFamilyOf<unknown>): number {
    return ColumnFamilyHandle.idOf('cf', cf, this);
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The rows of a range, all from one moment. */
  async scan(cf: ColumnFamilyOf<unknown>, range?: ScanRange): Promise<PackedRows> {
    const native = toNativeRange(this.idOf(cf), range);
    return new PackedRows(await this.requests.start<Buffer>((request) => this.native.scan(request, ...native)));
  }

  /** {@link scan}, blocking. */
  scanSync(cf: ColumnFamilyOf<unknown>, range?: ScanRange): PackedRows {
    return new PackedRows(this.native.scanSync(...toNativeRange(this.idOf(cf), range)));
  }

  /**
   * The rows of `[from, to)`, at most `limit`, as the writes called before leave them. Of later writes it sees none that is
   * blocking, or has `behindReads`; it may see others. A page of fewer than `pageBytes` is the last.
   */
  readBehindWrites(
    cf: ColumnFamilyOf<unknown>,
    from: Uint8Array,
    to: Uint8Array,
    pageBytes: number,
    limit?: number,
  ): Pages<PackedRows> {
    const family = this.idOf(cf);
    return this.#readPages(
      (request) => this.native.read(request, family, from, to, pageBytes, limit),
      (bytes) => new PackedRows(bytes),
    );
  }

  /**
   * {@link readBehindWrites} for the values of keys that count up from `first` on, each of which begins with `head`. What it
   * gives is laid out as native/core/counted_run.h has it.
   */
  readRunBehindWrites(
    cf: ColumnFamilyOf<unknown>,
    first: Uint8Array,
    to: Uint8Array,
    head: Uint8Array,
    pageBytes: number,
  ): Pages<Buffer> {
    const family = this.idOf(cf);
    return this.#readPages(
      (request) => this.native.readRun(request, family, first, to, head, pageBytes),
      (bytes) => bytes,
    );
  }

  #readPages<P>(read: (request: number) => void, toPage: (bytes: Buffer) => P): Pages<P> {
    return this.requests.startPaged(
      (request) => {
        read(request);
        this.#kickSoon();
      },
      (request) => this.native.abandonRead(request),
      toPage,
    );
  }

  /** A page of {@link readRunBehindWrites}, blocking: `readRunSync` of the addon. */
  readRunSync(
    cf: ColumnFamilyOf<unknown>,
    first: Uint8Array,
    to: Uint8Array,
    head: Uint8Array,
    pageBytes: number,
    memory: Uint8Array,
  ): number {
    return this.native.readRunSync(this.idOf(cf), first, to, head, pageBytes, memory);
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A number for the writes of one log. */
  newWriter(): number {
    return ++this.#lastWriter;
  }

  /**
   * All of `batch` or nothing. Writes of one writer build on each other: once one has failed, those behind it are not
   * attempted, and reject with ABORTED. What is refused at once is thrown, and fails nothing else.
   */
  write(batch: PackedBatch, { sync, writer, behindReads }: WriteTerms): Promise<void> {
    batch.checkOwner(this);
    const { bytes, byteLength } = batch;
    const offer = (force: boolean) => {
      const taken = this.native.write(bytes, byteLength, sync, writer, behindReads, force);
      if (taken) this.#kickSoon();
      return taken;
    };
    return this.requests.startWrite(writer, offer, () => {
      this.native.checkWrite(bytes, byteLength);
      batch.share();
    });
  }

  /** {@link write}, blocking; it waits for the asynchronous writes called before it. */
  writeSync(batch: PackedBatch, sync: boolean): void {
    batch.checkOwner(this);
    this.requests.offerDeferred(true);
    this.native.writeSync(batch.bytes, batch.byteLength, sync);
  }

  /** At the end of this turn, when all the writes of the turn have joined one group. */
  #kickSoon(): void {
    if (this.#kicking) return;
    this.#kicking = true;
    queueMicrotask(() => {
      this.#kicking = false;
      this.native.kickWrites();
    });
  }

  // ── Maintenance ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A memtable of `cf` is flushed at `bytes` from now on, unless it is flushed earlier already. */
  limitWriteBuffer(cf: ColumnFamilyOf<unknown>, bytes: number): Promise<void> {
    const family = this.idOf(cf);
    return this.requests.start((request) => this.native.limitWriteBuffer(request, family, bytes));
  }

  /**
   * What flushes and compactions of all column families may write together, from this call on: bytes a second, at least
   * 1 MiB. 0: no limit.
   * @throws RocksError `CLOSED`
   */
  limitBackgroundWrites(bytesPerSecond: number): void {
    this.native.limitBackgroundWrites(bytesPerSecond);
  }

  /**
   * About as many bytes as `[gte, lt)` takes in files, deleted records included. It blocks, and reads no more than the
   * indices of two files of each level.
   * @throws RocksError `CLOSED`, `COLUMN_FAMILY_NOT_FOUND`, `IO_ERROR`
   */
  bytesInFiles(cf: ColumnFamilyOf<unknown>, { gte, lt }: { gte: Uint8Array; lt: Uint8Array }): number {
    return this.native.bytesInFiles(this.idOf(cf), gte, lt);
  }

  /** The SST files of all column families. */
  sstFiles(): SstFile[] {
    const values = this.native.sstFiles();
    return Array.from({ length: values.length / 3 }, (_, i) => {
      const [name, columnFamily, byteLength] = values.slice(i * 3, i * 3 + 3) as [string, string, number];
      return { name, columnFamily, byteLength };
    });
  }

  /**
   * Reads every block of a file, unless a compaction has removed it.
   * @returns rejects with a RocksError: `CORRUPTION`, `IO_ERROR`, `CLOSED`
   */
  verifySstFile({ name }: SstFile): Promise<void> {
    return this.requests.start((request) => this.native.verifySstFile(request, name));
  }

  /** What can be read of `cf` from the key `from` on, a piece at a time: native/core/salvage.h has its rows as a table. */
  async salvage(cf: ColumnFamilyOf<unknown>, from: Uint8Array): Promise<PackedRows> {
    const family = this.idOf(cf);
    return new PackedRows(await this.requests.start<Buffer>((request) => this.native.salvage(request, family, from)));
  }

  /**
   * Memtables of all column families that wait to be flushed, or are being flushed.
   * @throws RocksError `CLOSED`
   */
  memtablesToFlush(): number {
    return this.native.memtablesToFlush();
  }

  /**
   * Gives the space of what was deleted in `[gte, lt)` back, in the background: no other call waits for it. It gives way to
   * `compactRange`, and begins again behind it. Closing ends it, and does not wait for it.
   * @returns rejects with a RocksError: `CLOSED` where the database was closed before it was done,
   *   `COLUMN_FAMILY_NOT_FOUND` where `cf` was dropped, `READ_ONLY`
   */
  reclaimSpace(cf: ColumnFamilyOf<unknown>, { gte, lt }: { gte: Uint8Array; lt: Uint8Array }): Promise<void> {
    const family = this.idOf(cf);
    return this.requests.start((request) => this.native.reclaimSpace(request, family, gte, lt));
  }

  // ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `listener` when closing begins, within that call: it must return at once, and throw nothing. Nothing is called
   * where closing has begun already. Returns the function that takes the listener away.
   */
  onClosing(listener: () => void): () => void {
    this.#closingListeners.add(listener);
    return () => this.#closingListeners.delete(listener);
  }

  /** Closing begins. */
  beginClosing(): void {
    for (const listener of this.#closingListeners) listener();
    this.#closingListeners.clear();
  }
}
