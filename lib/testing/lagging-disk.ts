import type { AtomicWriteOptions } from '../contract/options.js';
import type { LogIndex, StorageOp } from '../contract/storage.js';
import { rawCodec } from '../format/raw-codec.js';
import { AsyncMemStorage } from '../log/async-mem-storage.js';
import { compactionOps } from '../log/compaction.js';
import { isUnsynced } from '../log/transition.js';
import type { EventQueue } from './event-queue.js';
import type { SeededRandom } from './seeded-random.js';
import { TICK } from './simulated-network.js';

type Op = StorageOp<Uint8Array, unknown>;

interface Write {
  ops: readonly Op[];
  synced: boolean;
  /** Its caller has been told. */
  isDone: boolean;
}

/** How long a write takes, in virtual time. */
type Latency = () => number;

/** A storage whose writes take virtual time, and may fail. One after the other, as a write-ahead log has it. */
class LaggingStorage extends AsyncMemStorage<Uint8Array> {
  readonly writes: Write[];
  readonly #queue: EventQueue;
  readonly #latency: Latency;
  #lastDone = 0;
  #failure: Error | undefined;
  /** The next write fails. */
  isFailing = false;

  constructor(writes: readonly Write[], queue: EventQueue, latency: Latency) {
    super({ entryCodec: rawCodec });
    this.writes = [];
    this.#queue = queue;
    this.#latency = latency;
    for (const write of writes) this.#apply({ ...write, isDone: true });
  }

  /** The only way in which a replica writes. It takes effect at once for reads, as those of a database do. */
  override writeAtomically(ops: readonly Op[], options?: AtomicWriteOptions): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const synced = options?.sync === true || ops.some(({ type }) => !isUnsynced(type));
    const write: Write = { ops, synced, isDone: false };
    if (this.isFailing) this.#failure = new Error('the simulated disk has failed');
    const failure = this.#failure;
    this.#apply(write);
    this.#lastDone = Math.max(this.#lastDone, this.#queue.now + this.#latency());
    return new Promise((resolve, reject) => {
      this.#queue.at(this.#lastDone, () => {
        if (failure !== undefined) return reject(failure);
        write.isDone = true;
        resolve();
      });
    });
  }

  override compact(idx: LogIndex): Promise<void> {
    return this.writeAtomically(compactionOps(idx));
  }

  #apply(write: Write): void {
    this.writes.push(write);
    super.writeAtomically(write.ops).catch(() => {}); // it is refused by the promise that its caller has
  }
}

/** The disk of a simulated replica whose storage gives promises. */
export class LaggingDisk {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  #storage: LaggingStorage;
  #slowUntil = 0;

  constructor(queue: EventQueue, random: SeededRandom) {
    this.#queue = queue;
    this.#random = random;
    this.#storage = this.#holding([]);
  }

  get storage(): AsyncMemStorage<Uint8Array> {
    return this.#storage;
  }

  /** Nothing was ever written to it. */
  get isNew(): boolean {
    return this.#storage.writes.length === 0;
  }

  /** For `ticks`, each write takes up to a few of them. */
  slow(ticks: number): void {
    this.#slowUntil = this.#queue.now + ticks * TICK;
  }

  failNext(): void {
    this.#storage.isFailing = true;
  }

  /** No trouble from now on. */
  heal(): void {
    this.#slowUntil = 0;
    this.#storage.isFailing = false;
  }

  /**
   * The process ends, or the power fails. What was told to be written is there, where the power fails only up to the last
   * write that was synced; of what came behind, as much as chance leaves. The storage is another object from now on.
   */
  crash(losingPower: boolean): void {
    const { writes } = this.#storage;
    this.#storage = this.#holding(writes.slice(0, this.#random.within(certain(writes, losingPower), writes.length)));
  }

  /** What is decided, as no crash can take back. */
  get certainDecidedIdx(): LogIndex {
    const { writes } = this.#storage;
    let decided = 0;
    for (const { ops } of writes.slice(0, certain(writes, true))) {
      for (const op of ops) if (op.type === 'setDecidedIdx') decided = op.idx;
    }
    return decided;
  }

  #holding(writes: readonly Write[]): LaggingStorage {
    const latency = () => {
      const isSlow = this.#queue.now < this.#slowUntil;
      return isSlow ? this.#random.within(TICK, 8 * TICK) : this.#random.within(10, TICK / 2);
    };
    return new LaggingStorage(writes, this.#queue, latency);
  }
}

/** How many of the first of `writes` cannot be gone. */
function certain(writes: readonly Write[], losingPower: boolean): number {
  return writes.findLastIndex(({ isDone, synced }) => isDone && (synced || !losingPower)) + 1;
}
