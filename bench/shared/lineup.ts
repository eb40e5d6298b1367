// The contestants that have been started, on one folder. One of them works at a time; between two turns whatever the one
// before has left to do in the background is waited for, so that it burdens nobody else.

import { join } from 'node:path';
import { ContestantProcess, type Launch } from './contestant-process.js';
import type { Hello, Sample, TimedWork, WorkNumbers } from './protocol.js';
import { WalWatch } from './wal-watch.js';

export interface Entrant {
  launch: Launch;
  /** Whether its RocksDB recycles its WAL files: it is warmed up until it has. */
  recyclesWal: boolean;
}

export interface TurnSample extends Sample {
  /** Whether the WAL was a recycled one at the end of the turn, where the contestant recycles its WALs. */
  walRecycled?: boolean;
}

/** The contestant, where there is one, that can make the whole file system durable. */
const SYNCS_FILE_SYSTEM = 'floor';
/** One write of 4 MiB after another: the WALs become as long as entries of any size will need. */
const FILL = { batch: 64, entryBytes: 64 * 1024, ms: 100 };
const MOST_FILLS = 300;

export class Lineup<Name extends string> implements AsyncDisposable {
  readonly #folder: string;
  readonly #processes = new Map<string, ContestantProcess>();
  readonly #walWatches = new Map<Name, WalWatch>();
  #killed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a contestant, and warms it up until it has recycled a WAL file, if it ever does, or until `warmUpMs` are over. */
  async add(name: Name, { launch, recyclesWal }: Entrant, warmUpMs = Number.POSITIVE_INFINITY): Promise<Hello> {
    const process = await ContestantProcess.start(name, join(this.#folder, name), launch);
    this.#processes.set(name, process);
    if (this.#killed) process.kill();
    if (recyclesWal) {
      await process.measure('append', { ms: 0 });
      const watch = new WalWatch(join(process.folder, 'db'));
      this.#walWatches.set(name, watch);
      const end = performance.now() + warmUpMs;
      for (let fills = 0; fills < MOST_FILLS && performance.now() < end && !watch.isRecycled(); fills++) {
        await process.measure('append', FILL);
        await process.perform('settle');
      }
    }
    await this.#syncFileSystem();
    return process.hello;
  }

  async take(name: Name, work: TimedWork, numbers: WorkNumbers): Promise<TurnSample> {
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`${name} has not been started`);
    const sample = await process.measure(work, numbers);
    const walRecycled = this.#walWatches.get(name)?.isRecycled();
    await process.perform('settle');
    await this.#syncFileSystem();
    return walRecycled === undefined ? sample : { ...sample, walRecycled };
  }

  async #syncFileSystem(): Promise<void> {
    await this.#processes.get(SYNCS_FILE_SYSTEM)?.perform('sync-file-system');
  }

  /** Ends every contestant at once; whatever was asked of one of them rejects. */
  kill(): void {
    this.#killed = true;
    for (const process of this.#processes.values()) process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process[Symbol.asyncDispose]()));
  }
}
