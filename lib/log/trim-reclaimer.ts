import type { ColumnFamily } from '../../binding/index.js';
import type { LogIndex } from '../contract/storage.js';
import { LEFT_BYTES } from '../families/dead-space.js';
import { logKey } from '../format/log-keys.js';
import { type Cursor, nextIdx } from './cursor.js';

const reclaimers = new WeakMap<ColumnFamily, TrimReclaimer>();

/**
 * Gives the space of entries that a snapshot has taken the place of back, in the background. RocksDB does so only once the
 * log has gone on for several memtables, and a log that rests would keep its files. Nobody waits for it, and where it fails
 * a later call tries again.
 */
export class TrimReclaimer {
  readonly #family: ColumnFamily;
  #from: LogIndex = Number.POSITIVE_INFINITY;
  #to: LogIndex = 0;
  /** About as many as the entries of `[from, to)` take. */
  #deadBytes = 0;
  #running = false;

  private constructor(family: ColumnFamily) {
    this.#family = family;
  }

  /** The one of this column family, which holds a log. */
  static of(family: ColumnFamily): TrimReclaimer {
    const known = reclaimers.get(family) ?? new TrimReclaimer(family);
    reclaimers.set(family, known);
    return known;
  }

  /** Of a log that was `before`, the entries below `to` are gone. */
  note(before: Cursor, to: LogIndex): void {
    const { start } = before.live;
    if (start === undefined || start >= to) return;
    const end = nextIdx(before);
    this.#deadBytes += this.#storedBytes() * ((Math.min(to, end) - start) / (end - start));
    this.#from = Math.min(this.#from, start);
    this.#to = Math.max(this.#to, to);
    if (this.#running) return;
    this.#running = true;
    this.#run()
      .catch(() => {}) // the database is closed or broken: none of this is any caller's business
      .finally(() => {
        this.#running = false;
      });
  }

  #storedBytes(): number {
    try {
      return Number(this.#family.database.property('rocksdb.live-sst-files-size', this.#family));
    } catch {
      return 0; // closed, or dropped, since the entries were removed
    }
  }

  async #run(): Promise<void> {
    while (this.#deadBytes >= LEFT_BYTES) {
      const range = { gte: logKey(this.#from), lt: logKey(this.#to) };
      this.#deadBytes = 0;
      this.#from = Number.POSITIVE_INFINITY;
      await this.#family.database.compactRange(this.#family, range);
    }
  }
}
