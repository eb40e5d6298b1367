import { setTimeout as sleep } from 'node:timers/promises';
import type { ColumnFamily, Database } from '../../binding/index.js';

/** What flushes and compactions may write a second while a log appends beside a snapshot that is being written. */
const BESIDE_APPENDS_BYTES_PER_SECOND = 32 * 1024 * 1024;
const POLL_MS = 1;
/** Files that wait to be compacted. From 20 on RocksDB slows the writes of all column families. */
const MOST_FILES = 16;
/** After so long without a chunk the limit falls: the source has nothing to give, and an fsync waits for none of it. */
const LAPSE_MS = 1000;

/** The stores that want the files written slowly. The limit is the database's, which may have several stores. */
const wanting = new WeakMap<Database, Set<Pace>>();

/**
 * Keeps the snapshots that a store writes from crowding out the logs of its database. It never fills a memtable while
 * another of the column family is being flushed, nor lets files pile up: either would have RocksDB hold up all writes.
 *
 * Where somebody fsyncs meanwhile, it has RocksDB write its files slowly: an fsync waits until the disk has written what it
 * was given before. There is no such limit while another column family flushes: it would stop a log that appends faster.
 *
 * A change of the limit is set at once when it is decided, without an await between: the last one decided is in force.
 */
export class Pace {
  readonly #family: ColumnFamily;
  readonly #limitWrites: (bytesPerSecond: number) => void;
  readonly #wanting: Set<Pace>;
  #fsyncs = 0;
  #lapse: NodeJS.Timeout | undefined;

  /** `limitWrites` sets what flushes and compactions of the database may write a second; 0: no limit. */
  constructor(family: ColumnFamily, limitWrites: (bytesPerSecond: number) => void) {
    this.#family = family;
    this.#limitWrites = limitWrites;
    this.#wanting = wanting.get(family.database) ?? new Set();
    wanting.set(family.database, this.#wanting);
  }

  /**
   * Waits until a chunk may be written. `check` is called while it waits, and may throw to end that.
   * @throws RocksError `CLOSED`, `COLUMN_FAMILY_NOT_FOUND`; what `check` throws
   */
  async turn(check: () => void): Promise<void> {
    if (!this.#isBehind()) return;
    // The chunks themselves are not fsynced.
    const fsyncs = Number(this.#family.database.property('rocksdb.dbstats/db.wal_syncs'));
    const isWaitedFor = fsyncs !== this.#fsyncs;
    this.#fsyncs = fsyncs;
    do {
      check();
      if (this.#isAnotherFlushing()) this.#change(() => this.#wanting.clear());
      else this.#limit(isWaitedFor);
      await sleep(POLL_MS);
    } while (this.#isBehind());
  }

  /** The store writes no snapshot any more: its limit falls. Nothing of it is left behind, and nothing thrown. */
  end(): void {
    try {
      this.#limit(false);
    } catch {
      // closed: no limit is in force
    }
  }

  /** Not where RocksDB has failed to flush or to compact, and may never catch up: the next write then learns of it. */
  #isBehind(): boolean {
    const { database } = this.#family;
    if (database.property('rocksdb.background-errors') !== '0') return false;
    const files = Number(database.property('rocksdb.num-files-at-level0', this.#family));
    return isFlushing(this.#family) || files >= MOST_FILES;
  }

  #isAnotherFlushing(): boolean {
    const { database, name } = this.#family;
    return database.columnFamilies.some((other) => other !== name && isFlushing(database.columnFamily(other)));
  }

  #limit(isLimited: boolean): void {
    clearTimeout(this.#lapse);
    this.#lapse = isLimited ? setTimeout(() => this.end(), LAPSE_MS).unref() : undefined;
    this.#change(() => (isLimited ? this.#wanting.add(this) : this.#wanting.delete(this)));
  }

  #change(change: () => void): void {
    const wasLimited = this.#wanting.size > 0;
    change();
    const isLimited = this.#wanting.size > 0;
    if (isLimited !== wasLimited) this.#limitWrites(isLimited ? BESIDE_APPENDS_BYTES_PER_SECOND : 0);
  }
}

function isFlushing(family: ColumnFamily): boolean {
  return family.database.property('rocksdb.num-immutable-mem-table', family) !== '0';
}
