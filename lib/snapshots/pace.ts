import { setTimeout as sleep } from 'node:timers/promises';
import type { ColumnFamily, Database } from '../../binding/index.js';

/** What flushes and compactions may write a second while a log appends beside a snapshot. */
const BESIDE_APPENDS_BYTES_PER_SECOND = 32 * 1024 * 1024;
const POLL_MS = 1;
/** Files that wait to be compacted. From 20 on RocksDB slows the writes of all column families. */
const MOST_FILES = 16;
/** A source that has nothing to give for so long is not what an fsync waits behind. */
const LAPSE_MS = 1000;

/** Those that want the files written slowly. The limit is the database's, which may have several stores. */
const wanting = new WeakMap<Database, Set<Pace>>();

/**
 * Keeps a snapshot that is being written from crowding out the logs of its database. It never fills a memtable while another
 * of the column family is being flushed, nor lets files pile up: either would have RocksDB hold up the writes of all. And
 * where somebody fsyncs meanwhile, it has RocksDB write its files slowly: an fsync waits behind what the disk has been given
 * before. But not while another column family flushes: a log that is appended to faster than that would be stopped.
 */
export class Pace {
  readonly #family: ColumnFamily;
  readonly #limitWrites: (bytesPerSecond: number) => void;
  readonly #wanting: Set<Pace>;
  #fsyncs = 0;
  #lapse: NodeJS.Timeout | undefined;

  /** `limit` sets what flushes and compactions of the database may write a second; 0: no limit. */
  constructor(family: ColumnFamily, limit: (bytesPerSecond: number) => void) {
    this.#family = family;
    this.#limitWrites = limit;
    this.#wanting = wanting.get(family.database) ?? new Set();
    wanting.set(family.database, this.#wanting);
  }

  /** Before each chunk. */
  async turn(): Promise<void> {
    if (!this.#isBehind()) return;
    // The chunks themselves are not fsynced.
    const fsyncs = Number(this.#family.database.property('rocksdb.dbstats/db.wal_syncs'));
    const isWaitedFor = fsyncs !== this.#fsyncs;
    this.#fsyncs = fsyncs;
    do {
      if (this.#isAnotherFlushing()) this.#change(() => this.#wanting.clear());
      else await this.#limit(isWaitedFor);
      await sleep(POLL_MS);
    } while (this.#isBehind());
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

  /** Nothing is being written any more. */
  async end(): Promise<void> {
    await this.#limit(false);
  }

  async #limit(limited: boolean): Promise<void> {
    clearTimeout(this.#lapse);
    if (limited) this.#lapse = setTimeout(() => this.end().catch(() => {}), LAPSE_MS).unref();
    this.#change(() => (limited ? this.#wanting.add(this) : this.#wanting.delete(this)));
  }

  #change(change: () => void): void {
    const wasLimited = this.#wanting.size > 0;
    change();
    const isLimited = this.#wanting.size > 0;
    if (isLimited === wasLimited) return;
    this.#limitWrites(isLimited ? BESIDE_APPENDS_BYTES_PER_SECOND : 0);
  }
}

function isFlushing(family: ColumnFamily): boolean {
  return family.database.property('rocksdb.num-immutable-mem-table', family) !== '0';
}
