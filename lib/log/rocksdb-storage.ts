import type { ColumnFamily, Database, WriteBatch } from '../../binding/index.js';
import type { StorageOptions } from '../contract/options.js';
import type { StorageOp } from '../contract/storage.js';
import { reported } from '../families/reported.js';
import { META_KEYS } from '../format/log-keys.js';
import { decodeIndex } from '../format/values.js';
import { BlockingStorage } from './blocking-storage.js';
import type { Cursor } from './cursor.js';
import { Failures } from './failures.js';
import { FOREIGN, HIGHEST, LOWEST, LogFamily } from './log-family.js';
import type { EntryPage, PageStep } from './readings.js';
import { RecordPacker } from './record-packer.js';
import type { Transition, UnsyncedOp } from './transition.js';

/**
 * The log of one replica, in a column family of its own, on a database that the caller owns and may share with other logs
 * and stores. It blocks, as OmniPaxos's own trait does. One storage at a time may write to a column family.
 *
 * After a write that failed in a way that leaves open whether it is on disk, every further write is refused with
 * `POISONED`; reads go on. Close the database and open it again to learn what it holds.
 */
export class RocksdbStorage<T, S = unknown> extends BlockingStorage<T, S> {
  protected override cursor: Cursor;
  protected override readonly probe: LogFamily;
  readonly #log: LogFamily;
  readonly #packer: RecordPacker<T, S>;
  readonly #failures = new Failures();

  /**
   * Reads the two ends of the log and its meta records, never the log itself.
   * @throws StorageError `COLUMN_FAMILY_NOT_FOUND`: it must exist; `LOG_INTEGRITY`, `META`, `CODEC` where what is there was
   *   not written by a storage; `INVALID_ARGUMENT` where a snapshot store is open on it; `ROCKSDB`
   */
  static openIn<T, S = unknown>(
    db: Database,
    columnFamily: string,
    options?: StorageOptions<T, S>,
  ): RocksdbStorage<T, S> {
    return new RocksdbStorage(db, columnFamily, options);
  }

  private constructor(database: Database, columnFamily: string, options: StorageOptions<T, S> | undefined) {
    super(options);
    this.#log = new LogFamily(database, columnFamily);
    this.probe = this.#log;
    const { core, family } = this.#log;
    this.#packer = new RecordPacker(family, this.codecs);
    this.#log.claim(reported(() => FOREIGN.map((range) => core.scanSync(family, range))));
    const floor = this.readMeta(META_KEYS.compactedIdx);
    const live = reported(() => LogFamily.live(core.scanSync(family, LOWEST), core.scanSync(family, HIGHEST)));
    // Each is decoded once, so that a damaged record is found now and not in the middle of an election.
    this.getPromise();
    this.getAcceptedRound();
    this.cursor = {
      live,
      compactedIdx: floor === undefined ? 0 : decodeIndex(META_KEYS.compactedIdx, floor),
      decidedIdx: this.getDecidedIdx(),
      hasStopsign: this.getStopsign() !== undefined,
    };
  }

  /** @internal */
  get family(): ColumnFamily {
    return this.#log.family;
  }

  /**
   * How often a write that need not be synced has failed, by operation. Such a failure is thrown like any other; a caller
   * that goes on regardless, as OmniPaxos does, can watch it here.
   */
  get failedUnsyncedWrites(): Readonly<Record<UnsyncedOp, number>> {
    return this.#failures.unsynced;
  }

  protected override readMeta(key: Buffer): Buffer | undefined {
    return reported(() => this.#log.family.database.getSync(this.#log.family, key));
  }

  protected override readPage(step: PageStep): EntryPage {
    return this.#log.readPage(step);
  }

  protected override commit(
    { records, sync }: Transition<T, S>,
    ops: readonly StorageOp<T, S>[],
    alongside?: WriteBatch,
  ): void {
    try {
      this.#failures.refuseIfPoisoned();
      const batch = this.#packer.pack(records, alongside);
      if (batch.count > 0) reported(() => this.#log.core.writeSync(batch, sync));
    } catch (error) {
      this.#failures.note(error, ops, sync);
      throw error;
    }
  }
}
