import { coreOf } from '../../binding/database.js';
import type { ColumnFamily } from '../../binding/index.js';
import { BackgroundReclaimer } from '../families/background-reclaimer.js';
import { bytesOnDisk, LEFT_BYTES } from '../families/dead-space.js';
import { chunkKey } from '../format/snapshot-keys.js';

/** The chunks of a store that must stay. */
export interface LiveChunks {
  /** Whose chunks they are: of snapshots, and of puts that are under way. In ascending order. */
  ids: readonly number[];
  /** Bytes of all snapshots together. */
  bytes: number;
  /** Above every id that can have chunks on disk. */
  end: number;
}

/**
 * Gives back, in the background, the space of chunks that were removed. RocksDB itself does so only when it has another
 * reason to rewrite the files that they lie in. Nobody waits for it. What could not be reclaimed is tried again when the
 * next chunks go.
 */
export class SpaceReclaimer {
  readonly #family: ColumnFamily;
  readonly #live: () => Promise<LiveChunks>;
  readonly #background = new BackgroundReclaimer(() => this.#reclaim());

  constructor(family: ColumnFamily, live: () => Promise<LiveChunks>) {
    this.#family = family;
    this.#live = live;
  }

  /** Chunks were removed, or may have been by an earlier process. Returns at once, and throws nothing. */
  start(): void {
    this.#background.wake();
  }

  async #reclaim(): Promise<void> {
    const { ids, bytes, end } = await this.#live();
    if (bytesOnDisk(this.#family) - bytes < LEFT_BYTES) return;
    // The gaps between what must stay.
    let from = 1;
    for (const id of [...ids, end]) {
      if (id > from) await this.#reclaimIds(from, id);
      from = id + 1;
    }
  }

  /** Reclaims the space of the chunks of the ids `[from, to)`. */
  async #reclaimIds(from: number, to: number): Promise<void> {
    const range = { gte: chunkKey(from, 0), lt: chunkKey(to, 0) };
    await coreOf(this.#family.database).reclaimSpace(this.#family, range);
  }
}
