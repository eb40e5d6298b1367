import type { ColumnFamily } from '../../binding/index.js';
import { LEFT_BYTES } from '../families/dead-space.js';
import { chunkKey } from '../format/snapshot-keys.js';

/** What is alive, in the order of the ids, and the id behind all that there are. */
export interface LiveIds {
  ids: readonly number[];
  bytes: number;
  end: number;
}

/**
 * Gives the space of deleted chunks back, in the background: RocksDB drops them only when it has a reason of its own to
 * rewrite the files that they lie in. Nobody waits for it, and where it fails the next call tries again.
 */
export class SpaceReclaimer {
  readonly #family: ColumnFamily;
  readonly #live: () => Promise<LiveIds>;
  readonly #done: () => Promise<void>;
  #running = false;
  #wanted = false;

  /** `done` is called behind each run. */
  constructor(family: ColumnFamily, live: () => Promise<LiveIds>, done: () => Promise<void>) {
    this.#family = family;
    this.#live = live;
    this.#done = done;
  }

  /** Something was deleted, or may have been before. */
  start(): void {
    this.#wanted = true;
    if (this.#running) return;
    this.#running = true;
    this.#run()
      .finally(this.#done)
      .catch(() => {}) // the database is closed, read-only or broken: none of this is any caller's business
      .finally(() => {
        this.#running = false;
      });
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      const live = await this.#live();
      const { database } = this.#family;
      const stored = Number(database.property('rocksdb.live-sst-files-size', this.#family));
      if (stored - live.bytes < LEFT_BYTES) continue;
      let from = 1;
      for (const id of [...live.ids, live.end]) {
        if (id > from) await database.compactRange(this.#family, { gte: chunkKey(from, 0), lt: chunkKey(id, 0) });
        from = id + 1;
      }
    }
  }
}
