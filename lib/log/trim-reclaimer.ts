import { coreOf } from '../../binding/database.js';
import type { ColumnFamily } from '../../binding/index.js';
import type { LogIndex } from '../contract/storage.js';
import { BackgroundReclaimer } from '../families/background-reclaimer.js';
import { bytesOnDisk, LEFT_BYTES } from '../families/dead-space.js';
import { logKey } from '../format/log-keys.js';
import { type Cursor, nextIdx } from './cursor.js';

const reclaimers = new WeakMap<ColumnFamily, TrimReclaimer>();

/**
 * Gives back, in the background, the space of entries that a snapshot has replaced. RocksDB itself does so only once the log
 * has gone on for several memtables: a log that rests would keep its files. Nobody waits for it. What could not be reclaimed
 * is tried again with the next entries that go.
 */
export class TrimReclaimer {
  readonly #family: ColumnFamily;
  readonly #background = new BackgroundReclaimer(() => this.#reclaim());
  /** The dead entries are those of `[from, to)`. */
  #from: LogIndex = Number.POSITIVE_INFINITY;
  #to: LogIndex = 0;
  /** About as many bytes as they take on disk. */
  #deadBytes = 0;

  private constructor(family: ColumnFamily) {
    this.#family = family;
  }

  /** The one of this column family, which holds a log. */
  static of(family: ColumnFamily): TrimReclaimer {
    const known = reclaimers.get(family) ?? new TrimReclaimer(family);
    reclaimers.set(family, known);
    return known;
  }

  /** The log was `before`, and its entries below `to` have been removed since. Returns at once, and throws nothing. */
  note(before: Cursor, to: LogIndex): void {
    const { start } = before.live;
    if (start === undefined || start >= to) return;
    const end = nextIdx(before);
    this.#deadBytes += this.#bytesOnDisk() * ((Math.min(to, end) - start) / (end - start));
    this.#from = Math.min(this.#from, start);
    this.#to = Math.max(this.#to, to);
    this.#background.wake();
  }

  #bytesOnDisk(): number {
    try {
      return bytesOnDisk(this.#family);
    } catch {
      return 0; // closed, or dropped, since the entries were removed
    }
  }

  async #reclaim(): Promise<void> {
    if (this.#deadBytes < LEFT_BYTES) return;
    const from = this.#from;
    const bytes = this.#deadBytes;
    this.#from = Number.POSITIVE_INFINITY;
    this.#deadBytes = 0;
    try {
      const range = { gte: logKey(from), lt: logKey(this.#to) };
      await coreOf(this.#family.database).reclaimSpace(this.#family, range);
    } catch (error) {
      this.#from = Math.min(this.#from, from);
      this.#deadBytes += bytes;
      throw error;
    }
  }
}
