import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import type { AsyncRocksdbStorage } from '../log/index.js';
import type { SnapshotStore } from '../snapshots/index.js';
import { Applier } from './applier.js';
import type { Configuration } from './configurations.js';
import { decodeState, type StateMachine } from './state.js';

type Snapshotted = Pick<Applier<never, never>, 'appliedIdx' | 'snapshot'>;
type Log = AsyncRocksdbStorage<Uint8Array>;

/** The snapshot of a replica: one, which each new one replaces. Never two are taken at once. */
export class Snapshots {
  readonly #store: SnapshotStore;
  readonly #name: string;
  #taking: Promise<void> | undefined;
  /** The last snapshot. */
  current: { index: LogIndex; byteLength: number } | undefined;
  /** Where the last was begun, whatever became of it. */
  lastTriedAt: LogIndex = 0;
  /** Of the last attempt. */
  failure: unknown;

  constructor(store: SnapshotStore, name: string) {
    this.#store = store;
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
   * Puts the state machine where the snapshot is, in which configuration it is. Undefined where there is none: the machine
   * stays at its beginning.
   * @throws ConsensusError `STORAGE_FAILED` where it cannot be read; what `restore` throws
   */
  async restore<C, R>(
    machine: StateMachine<C, R>,
    codec: Codec<C>,
  ): Promise<{ applier: Applier<C, R>; configuration: Configuration } | undefined> {
    const all = await this.#store.list();
    if (!all.some(({ name }) => name === this.#name)) return undefined;
    const stream = await this.#store.open(this.#name);
    try {
      const { state, ...head } = await decodeState(stream).catch((error) => {
        throw unreadable(messageOf(error), error);
      });
      const { index, configuration } = head;
      if (index !== stream.snapshot.index)
        throw unreadable(`it says ${index}, and is stored as ${stream.snapshot.index}`);
      await machine.restore(state);
      this.current = { index, byteLength: stream.snapshot.byteLength };
      this.lastTriedAt = index;
      return { applier: new Applier(machine, codec, head), configuration };
    } finally {
      stream.destroy();
    }
  }

  /** Of what has been applied from `log`; `keepEntries` below its index stay there. */
  async take(applier: Snapshotted, log: Log, keepEntries: number, signal: AbortSignal): Promise<void> {
    while (this.#taking !== undefined) await this.#taking;
    const taken = this.#take(applier, log, keepEntries, signal);
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

  async #take(applier: Snapshotted, log: Log, keepEntries: number, signal: AbortSignal): Promise<void> {
    this.lastTriedAt = applier.appliedIdx;
    const { index, bytes } = applier.snapshot();
    const { byteLength } = await this.#store.compactTo(log, this.#name, index, bytes, { keepEntries, signal });
    this.current = { index, byteLength };
  }
}

export function unreadable(reason: string, cause?: unknown): ConsensusError {
  return new ConsensusError('STORAGE_FAILED', `the snapshot of the replica cannot be read: ${reason}`, { cause });
}
