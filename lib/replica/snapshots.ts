import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import type { AsyncRocksdbStorage } from '../log/index.js';
import type { SnapshotStore, SnapshotStream } from '../snapshots/index.js';
import { isSnapshotDamage } from '../snapshots/snapshot-damage.js';
import { identityOf } from '../snapshots/snapshot-store.js';
import { Applier } from './applier.js';
import type { Configuration } from './configurations.js';
import { decodeState, type StateHead, type StateMachine } from './state.js';

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
  /** Why the last cannot be read, or does not reach to where the log begins. */
  damage: ConsensusError | undefined;

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
   * @throws DamagedSnapshot, where the machine may have part of it; ConsensusError `STORAGE_FAILED` where it cannot be read, or
   *   is none that this version has written; what `restore` throws
   */
  async restore<C, R>(
    machine: StateMachine<C, R>,
    codec: Codec<C>,
  ): Promise<{ applier: Applier<C, R>; configuration: Configuration } | undefined> {
    this.current = undefined;
    const stream = await this.#open();
    if (stream === undefined) return undefined;
    const head = await restoreFrom(stream, machine);
    const { index, configuration } = head;
    this.current = { index, byteLength: stream.snapshot.byteLength };
    this.lastTriedAt = index;
    this.damage = undefined;
    return { applier: new Applier(machine, codec, head), configuration };
  }

  async #open(): Promise<SnapshotStream | undefined> {
    try {
      return (await identityOf(this.#store, this.#name)) && (await this.#store.open(this.#name));
    } catch (error) {
      throw asDamaged(error);
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
    this.damage = undefined;
  }
}

/** @throws as of {@link Snapshots.restore} */
async function restoreFrom<C, R>(stream: SnapshotStream, machine: StateMachine<C, R>): Promise<StateHead> {
  try {
    const { state, ...head } = await decodeState(stream).catch((error) => {
      throw unreadable(messageOf(error), error);
    });
    const { index } = stream.snapshot;
    if (head.index !== index) throw unreadable(`it says ${head.index}, and is stored as ${index}`);
    await machine.restore(state);
    if (stream.errored) throw stream.errored; // the machine has made something else of it
    return head;
  } catch (error) {
    throw asDamaged(stream.errored ?? error);
  } finally {
    stream.destroy();
  }
}

/** What the state machine had come to is lost on this disk. The state of a peer can take its place. */
export class DamagedSnapshot extends ConsensusError {
  constructor(reason: string, cause?: unknown) {
    super('STORAGE_FAILED', `the snapshot of the replica is damaged: ${reason}`, { cause });
  }
}

function asDamaged(error: unknown): unknown {
  return isSnapshotDamage(error) ? new DamagedSnapshot(error.message, error) : error;
}

function unreadable(reason: string, cause?: unknown): ConsensusError {
  return new ConsensusError('STORAGE_FAILED', `the snapshot of the replica cannot be read: ${reason}`, { cause });
}
