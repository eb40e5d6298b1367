import { type ColumnFamily, Database, RocksError, type ScanRange, WriteBatch } from '../binding/index.js';
import type { PackedRows } from '../binding/packed-rows.js';
import { BlockingStorage, type StorageOptions, type VisitEntry } from './blocking-storage.js';
import type { Cursor } from './cursor.js';
import { LOG_END, LOG_START, logKey, META_KEYS, parseLogKey } from './key-space.js';
import { LiveRanges, type Probe } from './live-ranges.js';
import { encodeRecords } from './record-sink.js';
import type { LogIndex, StorageOp } from './storage.js';
import { StorageError } from './storage-error.js';
import { isUnsynced, type Transition, UNSYNCED_OPS, type UnsyncedOp } from './transition.js';
import { checkName } from './validate.js';
import { decodeIndex } from './values.js';

/** Below this many keys, deleting each costs later reads less than a range does: 13 µs against 0.7 ms after 5,000 trims. */
const POINT_DELETES_UP_TO = 1000;
/** Bytes of one crossing of a long read. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Refused by the database before anything reached the WAL: nothing is in doubt. */
const CERTAINLY_NOT_WRITTEN: readonly string[] = ['CLOSED', 'COLUMN_FAMILY_NOT_FOUND', 'INVALID_ARGUMENT', 'READ_ONLY'];

/**
 * The log of one replica, in a column family of its own, on a database that the caller owns and may share with other logs
 * and stores. It blocks, as OmniPaxos's own trait does. One storage at a time may write to a column family.
 *
 * After a write that failed in a way that leaves open whether it is on disk, every further write is refused with
 * `POISONED`; reads go on. Close the database and open it again to learn what it holds.
 */
export class RocksdbStorage<T, S = unknown> extends BlockingStorage<T, S> {
  protected override cursor: Cursor;
  readonly #database: Database;
  readonly #family: ColumnFamily;
  readonly #failedUnsynced = new Map<UnsyncedOp, number>();
  #poisonedBy: unknown;

  /**
   * Reads the two ends of the log and its meta records, never the log itself.
   * @throws StorageError `COLUMN_FAMILY_NOT_FOUND`: it must exist; `LOG_INTEGRITY`, `META`, `CODEC` where what is there was
   *   not written by a storage; `ROCKSDB`
   */
  static openIn<T, S = unknown>(
    db: Database,
    columnFamily: string,
    options?: StorageOptions<T, S>,
  ): RocksdbStorage<T, S> {
    if (!(db instanceof Database)) throw new StorageError('INVALID_ARGUMENT', 'db must be a Database');
    return new RocksdbStorage(db, checkName('columnFamily', columnFamily), options);
  }

  private constructor(database: Database, columnFamily: string, options: StorageOptions<T, S> | undefined) {
    super(options);
    this.#database = database;
    this.#family = reported(() => database.columnFamily(columnFamily));
    const floor = this.readMeta(META_KEYS.compactedIdx);
    const lowest = this.#endOfLog(LOG_START, LOG_END, false);
    const highest = this.#endOfLog(LOG_START, LOG_END, true);
    this.cursor = {
      live: lowest === undefined || highest === undefined ? LiveRanges.NONE : LiveRanges.foundAtOpen(lowest, highest),
      compactedIdx: floor === undefined ? 0 : decodeIndex(META_KEYS.compactedIdx, floor),
    };
    // Each is decoded once, so that a damaged record is found now and not in the middle of an election.
    this.getPromise();
    this.getAcceptedRound();
    this.getDecidedIdx();
    this.getStopsign();
  }

  /**
   * How often a write that need not be synced has failed, by operation. Such a failure is thrown like any other; a caller
   * that goes on regardless, as OmniPaxos does, can watch it here.
   */
  get failedUnsyncedWrites(): Readonly<Record<UnsyncedOp, number>> {
    const counts = UNSYNCED_OPS.map((op) => [op, this.#failedUnsynced.get(op) ?? 0] as const);
    return Object.fromEntries(counts) as Record<UnsyncedOp, number>;
  }

  protected override readonly probe: Probe = {
    lowest: (from, to) => this.#endOfLog(logKey(from), logKey(to), false),
    highest: (from, to) => this.#endOfLog(logKey(from), logKey(to), true),
  };

  #endOfLog(gte: Buffer, lt: Buffer, reverse: boolean): LogIndex | undefined {
    const rows = this.#scan({ gte, lt, reverse, limit: 1 });
    return rows.count === 0 ? undefined : parseLogKey(rows.key(0));
  }

  #scan(range: ScanRange): PackedRows {
    return reported(() => Database.scanPackedSync(this.#database, this.#family, range));
  }

  protected override readMeta(key: Buffer): Buffer | undefined {
    return reported(() => this.#database.getSync(this.#family, key));
  }

  protected override readEntries(from: LogIndex, to: LogIndex, visit: VisitEntry): void {
    const lt = logKey(to);
    let range: ScanRange = { gte: logKey(from), lt, maxBytes: PAGE_BYTES };
    for (;;) {
      const rows = this.#scan(range);
      for (let row = 0; row < rows.count; row++) {
        if (!visit(rows.key(row), rows.value(row))) return;
      }
      if (rows.byteLength < PAGE_BYTES) return;
      range = { gt: rows.key(rows.count - 1), lt, maxBytes: PAGE_BYTES };
    }
  }

  protected override commit({ records, sync }: Transition<T, S>, ops: readonly StorageOp<T, S>[]): void {
    if (this.#poisonedBy !== undefined) {
      throw new StorageError('POISONED', 'an earlier write failed and may or may not be on disk; reopen the database', {
        cause: this.#poisonedBy,
      });
    }
    const batch = new WriteBatch();
    const family = this.#family;
    try {
      reported(() => {
        encodeRecords(records, this.codecs, {
          putEntry: (idx, value) => batch.put(family, logKey(idx), value),
          put: (key, value) => batch.put(family, key, value),
          delete: (key) => batch.delete(family, key),
          removeEntries(from, to) {
            if (to - from >= POINT_DELETES_UP_TO) batch.deleteRange(family, logKey(from), logKey(to));
            else for (let idx = from; idx < to; idx++) batch.delete(family, logKey(idx));
          },
        });
        this.#database.writeSync(batch, { sync });
      });
    } catch (error) {
      this.#noteFailure(error, sync ? [] : ops);
      throw error;
    }
  }

  #noteFailure(error: unknown, unsyncedOps: readonly StorageOp<T, S>[]): void {
    if (!(error instanceof StorageError) || !(error.cause instanceof RocksError)) return; // nothing reached the database
    if (!CERTAINLY_NOT_WRITTEN.includes(error.cause.code)) this.#poisonedBy = error.cause;
    for (const { type } of unsyncedOps) {
      if (isUnsynced(type)) this.#failedUnsynced.set(type, (this.#failedUnsynced.get(type) ?? 0) + 1);
    }
  }
}

/** Runs `call`; what the database reports becomes the cause of a StorageError. */
function reported<R>(call: () => R): R {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof RocksError)) throw error;
    const code = error.code === 'COLUMN_FAMILY_NOT_FOUND' ? error.code : 'ROCKSDB';
    throw new StorageError(code, error.message, { cause: error });
  }
}
