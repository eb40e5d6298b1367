import { setTimeout as sleep } from 'node:timers/promises';
import { type ColumnFamily, Database } from '../binding/index.js';

/** What flushes and compactions may write a second while a log appends beside a snapshot. */
const BESIDE_APPENDS_BYTES_PER_SECOND = 32 * 1024 * 1024;
const POLL_MS = 1;

/**
 * Keeps a snapshot that is being written from crowding out the logs of its database. It never fills a memtable while another
 * of the column family is being flushed: two that wait stop the writes of all. And where somebody fsyncs meanwhile, it has
 * RocksDB write its files slowly: an fsync waits behind what the disk has been given before.
 */
export class Pace {
  readonly #family: ColumnFamily;
  #fsyncs = 0;
  #limited = false;

  constructor(family: ColumnFamily) {
    this.#family = family;
  }

  /** Before each chunk. */
  async turn(): Promise<void> {
    if (!this.#isFlushing()) return;
    // The chunks themselves are not fsynced.
    const fsyncs = Number(this.#family.database.property('rocksdb.dbstats/db.wal_syncs'));
    await this.#limit(fsyncs !== this.#fsyncs);
    this.#fsyncs = fsyncs;
    while (this.#isFlushing()) await sleep(POLL_MS);
  }

  /** Nothing is being written any more. */
  async end(): Promise<void> {
    await this.#limit(false);
  }

  async #limit(limited: boolean): Promise<void> {
    if (limited === this.#limited) return;
    this.#limited = limited;
    await Database.limitBackgroundWrites(this.#family.database, limited ? BESIDE_APPENDS_BYTES_PER_SECOND : 0);
  }

  #isFlushing(): boolean {
    return this.#family.database.property('rocksdb.num-immutable-mem-table', this.#family) !== '0';
  }
}
