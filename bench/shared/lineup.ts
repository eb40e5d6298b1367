// The contestants that have been started, on one folder. One of them works at a time. Before the next turn begins, the one
// before has finished its work in the background, so that it burdens nobody else.

import { join } from 'node:path';
import { ContestantProcess, type Launch } from './contestant-process.js';
import type { Hello, Sample, TimedWork, WorkNumbers } from './protocol.js';
import { WalWatch } from './wal-watch.js';

export interface Entrant {
  launch: Launch;
  /** Whether its RocksDB recycles its WAL files: it is warmed up until it has. */
  recyclesWal: boolean;
  /** It knows a quicker way to fill its WALs than appends. */
  fills?: boolean;
}

export interface TurnSample extends Sample {
  /** Whether the turn began on a recycled WAL, where the contestant recycles its WALs. */
  walRecycled?: boolean;
}

export interface LineupOptions {
  /** What a contestant may take to reach its steady state. Default: as long as it needs. */
  warmUpMs?: number;
  /** Bytes that the disk has written so far, where the system tells. Then they count, and not what a process tells. */
  diskWrites?: () => number | undefined;
}

/** The contestant, where there is one, that can make the whole file system durable. */
const SYNCS_FILE_SYSTEM = 'baseline';
/** Writes of 4 MiB, one after another. They make the WALs as long as entries of any size will need. */
const FILL = { batch: 64, entryBytes: 64 * 1024, ms: 100 };
const MOST_FILLS = 300;

export class Lineup<Name extends string> implements AsyncDisposable {
  readonly #folder: string;
  readonly #warmUpMs: number;
  readonly #diskWrites: () => number | undefined;
  readonly #processes = new Map<string, ContestantProcess>();
  readonly #walWatches = new Map<Name, WalWatch>();
  readonly #filling = new Set<Name>();
  #killed = false;

  constructor(folder: string, options: LineupOptions = {}) {
    this.#folder = folder;
    this.#warmUpMs = options.warmUpMs ?? Number.POSITIVE_INFINITY;
    this.#diskWrites = options.diskWrites ?? (() => undefined);
  }

  /** Starts a contestant, and warms it up until it has recycled a WAL file, if it ever does. */
  async add(name: Name, { launch, recyclesWal, fills = false }: Entrant): Promise<Hello> {
    const process = await ContestantProcess.start(name, join(this.#folder, name), launch);
    this.#processes.set(name, process);
    if (this.#killed) process.kill();
    if (fills) this.#filling.add(name);
    if (recyclesWal) {
      await process.measure('append', { ms: 0 });
      this.#walWatches.set(name, new WalWatch(join(process.folder, 'db')));
      await this.#warmUp(name, process);
    }
    await this.#syncFileSystem();
    return process.hello;
  }

  async take(name: Name, work: TimedWork, numbers: WorkNumbers): Promise<TurnSample> {
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`${name} has not been started`);
    const walRecycled = this.#walWatches.get(name)?.isRecycled();
    const writtenBefore = this.#diskWrites();
    const sample = await process.measure(work, numbers);
    const writtenAfter = this.#diskWrites();
    await process.perform('settle');
    await this.#warmUp(name, process); // a turn of large entries may have used up the files that were kept
    await this.#syncFileSystem();
    return {
      ...sample,
      ...(writtenBefore !== undefined && writtenAfter !== undefined && { writtenBytes: writtenAfter - writtenBefore }),
      ...(walRecycled !== undefined && { walRecycled }),
    };
  }

  async #warmUp(name: Name, process: ContestantProcess): Promise<void> {
    const watch = this.#walWatches.get(name);
    const end = performance.now() + this.#warmUpMs;
    for (let fills = 0; fills < MOST_FILLS && performance.now() < end && watch?.isRecycled() === false; fills++) {
      if (this.#filling.has(name)) await process.perform('fill');
      else await process.measure('append', FILL);
      await process.perform('settle');
    }
  }

  async #syncFileSystem(): Promise<void> {
    await this.#processes.get(SYNCS_FILE_SYSTEM)?.perform('sync-file-system');
  }

  /** Ends every contestant at once. Requests that are under way reject. */
  kill(): void {
    this.#killed = true;
    for (const process of this.#processes.values()) process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process[Symbol.asyncDispose]()));
  }
}
