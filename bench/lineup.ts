// The contestants that have been started, on one folder. One of them works at a time; between two turns whatever the one
// before has left to do in the background is waited for, so that it burdens nobody else.

import { join } from 'node:path';
import { ContestantProcess } from './contestant-process.js';
import { type ContestantName, launchOf, recyclesWal } from './launches.js';
import type { Hello, Sample } from './protocol.js';
import type { Turn } from './turns.js';
import { WalWatch } from './wal-watch.js';

export interface TurnSample extends Sample {
  /** Whether the WAL was a recycled one at the end of the turn, where the contestant recycles its WALs. */
  walRecycled?: boolean;
}

/** One write of 4 MiB after another: the WALs become as long as entries of any size will need. */
const FILL = { batch: 64, entryBytes: 64 * 1024, ms: 100 };
const MOST_FILLS = 300;

export class Lineup implements AsyncDisposable {
  readonly #folder: string;
  readonly #processes = new Map<ContestantName, ContestantProcess>();
  readonly #walWatches = new Map<ContestantName, WalWatch>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a contestant, and warms it up until it has recycled a WAL file, if it ever does. */
  async add(name: ContestantName): Promise<Hello> {
    const process = await ContestantProcess.start(name, join(this.#folder, name), launchOf(name));
    this.#processes.set(name, process);
    if (recyclesWal(name)) {
      await process.measure('append', { ms: 0 });
      const watch = new WalWatch(join(process.folder, 'db'));
      this.#walWatches.set(name, watch);
      for (let fills = 0; fills < MOST_FILLS && !watch.isRecycled(); fills++) {
        await process.measure('append', FILL);
        await process.perform('settle');
      }
    }
    await this.#syncFileSystem();
    return process.hello;
  }

  async take({ contestant, work, numbers }: Turn, ms: number): Promise<TurnSample> {
    const process = this.#started(contestant);
    const sample = await process.measure(work, { ...numbers, ms });
    const watch = this.#walWatches.get(contestant);
    const walRecycled = watch?.isRecycled();
    await process.perform('settle');
    await this.#syncFileSystem();
    return walRecycled === undefined ? sample : { ...sample, walRecycled };
  }

  async #syncFileSystem(): Promise<void> {
    await this.#processes.get('floor')?.perform('sync-file-system');
  }

  #started(name: ContestantName): ContestantProcess {
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`${name} has not been started`);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process[Symbol.asyncDispose]()));
  }
}
