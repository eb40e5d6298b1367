import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import type { AsyncRocksdbStorage } from '../log/index.js';
import type { SnapshotStore } from '../snapshots/index.js';
import { AppliedProposals } from './applied-proposals.js';
import { Applier } from './applier.js';
import { decodeState, type StateMachine } from './state.js';

type Snapshotted = Pick<Applier<never, never>, 'appliedIdx' | 'snapshot'>;

/** The snapshot of a replica: one, which each new one replaces. Never two are taken at once. */
export class Snapshots {
  readonly #store: SnapshotStore;
  readonly #log: AsyncRocksdbStorage<Uint8Array>;
  readonly #name: string;
  #taking: Promise<void> | undefined;
  /** The last snapshot. */
  current: { index: LogIndex; byteLength: number } | undefined;
  /** Where the last was begun, whatever became of it. */
  lastTriedAt: LogIndex = 0;
  /** Of the last attempt. */
  failure: unknown;

  constructor(store: SnapshotStore, log: AsyncRocksdbStorage<Uint8Array>, name: string) {
    this.#store = store;
    this.#log = log;
    this.#name = name;
  }

  /** Of the last snapshot; 0 where there is none. */
  get index(): LogIndex {
    return this.current?.index ?? 0;
  }

  get isTaking(): boolean {
    return this.#taking !== undefined;
  }

  /**
   * Puts the state machine where the snapshot is, or where the log begins.
   * @throws ConsensusError `STORAGE_FAILED` where there is none and the log has been compacted, or it cannot be read; what
   *   `restore` throws
   */
  async restore<C, R>(machine: StateMachine<C, R>, codec: Codec<C>): Promise<Applier<C, R>> {
    const all = await this.#store.list();
    if (!all.some(({ name }) => name === this.#name)) {
      const floor = await this.#log.getCompactedIdx();
      if (floor > 0) throw unreadable(`the log begins at ${floor}, and there is none`);
      return new Applier(machine, codec, new AppliedProposals(), 0);
    }
    const stream = await this.#store.open(this.#name);
    try {
      const { index, proposals, state } = await decodeState(stream).catch((error) => {
        throw unreadable(messageOf(error), error);
      });
      if (index !== stream.snapshot.index)
        throw unreadable(`it says ${index}, and is stored as ${stream.snapshot.index}`);
      await machine.restore(state);
      this.current = { index, byteLength: stream.snapshot.byteLength };
      this.lastTriedAt = index;
      return new Applier(machine, codec, proposals, index);
    } finally {
      stream.destroy();
    }
  }

  /** `keepEntries` below its index stay in the log. */
  async take(applier: Snapshotted, keepEntries: number, signal: AbortSignal): Promise<void> {
    while (this.#taking !== undefined) await this.#taking;
    const taken = this.#take(applier, keepEntries, signal);
    this.#taking = taken.then(
      () => this.#over(undefined),
      (error) => this.#over(error),
    );
    return taken;
  }

  /** Resolves once none is being taken. */
  async idle(): Promise<void> {
    while (this.#taking !== undefined) await this.#taking;
  }

  #over(failure: unknown): void {
    this.#taking = undefined;
    this.failure = failure;
  }

  async #take(applier: Snapshotted, keepEntries: number, signal: AbortSignal): Promise<void> {
    this.lastTriedAt = applier.appliedIdx;
    const { index, bytes } = applier.snapshot();
    const { byteLength } = await this.#store.compactTo(this.#log, this.#name, index, bytes, { keepEntries, signal });
    this.current = { index, byteLength };
  }
}

function unreadable(reason: string, cause?: unknown): ConsensusError {
  return new ConsensusError('STORAGE_FAILED', `the snapshot of the replica cannot be read: ${reason}`, { cause });
}
