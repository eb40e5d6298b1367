import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseCore } from '../../binding/database-core.js';
import type { ColumnFamily, Database } from '../../binding/index.js';

/** What flushes and compactions may write a second while a log appends beside a snapshot that is being written. */
const BESIDE_APPENDS_BYTES_PER_SECOND = 32 * 1024 * 1024;
const POLL_MS = 1;
/** Files that wait to be compacted. From 20 on RocksDB slows the writes of all column families. */
const MOST_FILES = 16;
/** After so long without a chunk the limit falls: the source has nothing to give, and an fsync waits for none of it. */
const LAPSE_MS = 1000;

/** What flushes and compactions of a database do. */
export type Background = Pick<DatabaseCore, 'memtablesToFlush' | 'limitBackgroundWrites'>;

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
  readonly #background: Background;
  readonly #wanting: Set<Pace>;
  #fsyncs = 0;
  #lapse: NodeJS.Timeout | undefined;

  /** `background` is that of the family's database. */
  constructor(family: ColumnFamily, background: Background) {
    this.#family = family;
    this.#background = background;
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
    return this.#memtablesToFlush() > 0 || files >= MOST_FILES;
  }

  /** It asks for the sum of all: a look at each of a thousand column families would take longer than the pause between. */
  #isAnotherFlushing(): boolean {
    const own = this.#memtablesToFlush();
    return this.#background.memtablesToFlush() > own;
  }

  #memtablesToFlush(): number {
    return Number(this.#family.database.property('rocksdb.num-immutable-mem-table', this.#family));
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
    if (isLimited !== wasLimited)
      this.#background.limitBackgroundWrites(isLimited ? BESIDE_APPENDS_BYTES_PER_SECOND : 0);
  }
}
