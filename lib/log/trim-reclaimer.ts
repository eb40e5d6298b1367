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
  /** Of an earlier process there may be dead entries below this; undefined once they are counted. */
  #unseenBelow: LogIndex | undefined;
  /** Every entry below is dead. */
  #to: LogIndex = 0;
  /** About as many bytes as the dead entries take on disk. */
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

  /** Opening has found the log as `found`, trimmed by whomever. Returns at once, and throws nothing. */
  noteOpened(found: Cursor): void {
    this.#unseenBelow = found.live.start ?? nextIdx(found);
    this.#background.wake();
  }

  /** The log was `before`, and its entries below `to` have been removed since. Returns at once, and throws nothing. */
  note(before: Cursor, to: LogIndex): void {
    const { start } = before.live;
    if (start === undefined || start >= to) return;
    const end = nextIdx(before);
    this.#deadBytes += this.#bytesOnDisk() * ((Math.min(to, end) - start) / (end - start));
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
    this.#countUnseen();
    if (this.#deadBytes < LEFT_BYTES) return;
    const bytes = this.#deadBytes;
    this.#deadBytes = 0;
    try {
      // From the first: what has been reclaimed lies in no file any more, and costs nothing.
      const range = { gte: logKey(0), lt: logKey(this.#to) };
      await coreOf(this.#family.database).reclaimSpace(this.#family, range);
    } catch (error) {
      this.#deadBytes += bytes;
      throw error;
    }
  }

  /** What lies below the lowest live entry is dead: its size is known without a look at it. */
  #countUnseen(): void {
    const below = this.#unseenBelow;
    this.#unseenBelow = undefined;
    if (below === undefined || this.#bytesOnDisk() < LEFT_BYTES) return;
    const range = { gte: logKey(0), lt: logKey(below) };
    const bytes = coreOf(this.#family.database).bytesInFiles(this.#family, range);
    this.#deadBytes = Math.max(this.#deadBytes, bytes);
    this.#to = Math.max(this.#to, below);
  }
}
