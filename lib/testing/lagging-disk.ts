import { crc32c } from '../../binding/crc32c.js';
import type { LogIndex } from '../contract/storage.js';
import { rawCodec } from '../format/raw-codec.js';
import { AsyncMemStorage } from '../log/async-mem-storage.js';
import { checkCompaction, compactionOps } from '../log/compaction.js';
import { accessOf } from '../log/storage-methods.js';
import type { IncomingState, StateChunks, StateStore } from '../replica/state-store.js';
import type { SnapshotIdentity } from '../snapshots/incoming-snapshot.js';
import type { EventQueue } from './event-queue.js';
import { LaggingLog, LaggingStorage, Latency, OwnStateRecord, type Write } from './lagging-log.js';
import { PIECE_BYTES, type RunnerDisk, type StoredState, wholeOf } from './runner-disk.js';
import type { SeededRandom } from './seeded-random.js';

/** A disk in memory, which may lose what was not synced. */
export class LaggingDisk implements RunnerDisk {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #latency: Latency;
  #log: LaggingLog;
  #storage: LaggingStorage;
  #states: StateStore;

  constructor(queue: EventQueue, random: SeededRandom) {
    this.#queue = queue;
    this.#random = random;
    this.#latency = new Latency(queue, random);
    this.#log = this.#holding([]);
    this.#storage = new LaggingStorage(this.#log);
    this.#states = new LaggingStates(this.#log, this.#latency);
  }

  get storage() {
    return this.#storage;
  }

  get states() {
    return this.#states;
  }

  get isNew(): boolean {
    return this.#log.writes.length === 0;
  }

  async open(): Promise<void> {}

  async ownState(): Promise<StoredState | undefined> {
    return ownStateOf(this.#log);
  }

  async compactTo(state: StoredState, keepEntries: number): Promise<void> {
    const log = this.#log;
    await this.#latency.pass(); // the state is written first
    await log.write(
      (cursor) => {
        checkCompaction(cursor, state.index);
        return compactionOps(Math.max(cursor.compactedIdx, state.index - keepEntries));
      },
      () => {},
      { alongside: new OwnStateRecord(state), sync: true },
    );
  }

  slow(ticks: number): void {
    this.#latency.slow(ticks);
  }

  failNext(): void {
    this.#log.isFailing = true;
  }

  heal(): void {
    this.#latency.heal();
    this.#log.isFailing = false;
  }

  /**
   * What was told to be written is there, where the power fails only up to the last write that was synced; of what came
   * behind, as much as chance leaves.
   */
  crash(losingPower: boolean): void {
    const { writes } = this.#log;
    this.#log = this.#holding(writes.slice(0, this.#random.within(certain(writes, losingPower), writes.length)));
    this.#storage = new LaggingStorage(this.#log);
    this.#states = new LaggingStates(this.#log, this.#latency);
  }

  get certainDecidedIdx(): LogIndex {
    const { writes } = this.#log;
    let decided = 0;
    for (const { ops } of writes.slice(0, certain(writes, true))) {
      for (const op of ops) if (op.type === 'setDecidedIdx') decided = op.idx;
    }
    return decided;
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  #holding(writes: readonly Write[]): LaggingLog {
    const memory = accessOf(new AsyncMemStorage<Uint8Array>({ entryCodec: rawCodec }));
    const log = new LaggingLog(memory, this.#queue, this.#latency);
    log.restore(writes);
    return log;
  }
}

/**
 * The replica's own state, which is part of what was written, and those that have come in this life. One comes whole or not
 * at all: what has come of it is not gone on with, as little as where all of it was lost with the power.
 */
class LaggingStates implements StateStore {
  readonly #log: LaggingLog;
  readonly #latency: Latency;
  readonly #come = new Map<string, StoredState>();

  constructor(log: LaggingLog, latency: Latency) {
    this.#log = log;
    this.#latency = latency;
  }

  async identityOf(): Promise<SnapshotIdentity | undefined> {
    const own = ownStateOf(this.#log);
    return own && toIdentity(own);
  }

  async readFrom(_: string, offset: number): Promise<{ manifest: SnapshotIdentity; chunks: StateChunks } | undefined> {
    const own = ownStateOf(this.#log);
    return own && { manifest: toIdentity(own), chunks: new Pieces(own.bytes, offset - (offset % PIECE_BYTES)) };
  }

  incoming(_: string, announcedAs: string): IncomingState {
    return {
      take: async ({ index, checksum }, restFrom) => {
        const bytes = await wholeOf(restFrom(0));
        await this.#latency.pass();
        this.#log.refuseIfFailed();
        if (crc32c(bytes) !== checksum) throw new Error('what has come is not what was offered');
        const state = { index, bytes };
        this.#come.set(announcedAs, state);
        return new OwnStateRecord(state);
      },
      read: () => {
        throw new Error('only a configuration that begins reads what has come');
      },
      discard: async () => {
        this.#come.delete(announcedAs);
      },
    };
  }

  async announcedNames(): Promise<string[]> {
    return [...this.#come.keys()];
  }
}

function toIdentity({ index, bytes }: StoredState): SnapshotIdentity {
  return { index, byteLength: bytes.length, checksum: crc32c(bytes) };
}

class Pieces implements StateChunks {
  readonly #bytes: Buffer;
  given: StateChunks['given'];

  constructor(bytes: Buffer, begin: number) {
    this.#bytes = bytes;
    this.given = { byteLength: begin, checksum: 0 };
  }

  async next(): Promise<Buffer | undefined> {
    const { byteLength } = this.given;
    if (byteLength >= this.#bytes.length) return undefined;
    const piece = this.#bytes.subarray(byteLength, byteLength + PIECE_BYTES);
    this.given = { byteLength: byteLength + piece.length, checksum: 0 };
    return piece;
  }

  async release(): Promise<void> {}
}

function ownStateOf(log: LaggingLog): StoredState | undefined {
  return log.writes.findLast(({ state }) => state !== undefined)?.state;
}

/** How many of the first of `writes` cannot be gone. */
function certain(writes: readonly Write[], losingPower: boolean): number {
  return writes.findLastIndex(({ isDone, synced }) => isDone && (synced || !losingPower)) + 1;
}
