// The engine on a storage that blocks: each step is written, as one atomic write, before anything of it shows. Where the
// write fails, nothing more is ever done.

import type { Codec } from '../contract/codec.js';
import type { LogIndex, Storage, StorageOp } from '../contract/storage.js';
import type { CheckedCluster, CheckedServer } from './configuration.js';
import { ConsensusError, messageOf, storageFailed } from './consensus-error.js';
import { contentsOf, Engine, MAX_SYNC_BYTES, malformed, packEntries } from './engine.js';
import { fromBytes, toBytes } from './entry-bytes.js';
import type { EngineOp, EngineView, StepInput, StepOutcome } from './packed-step.js';

/** A message for a peer, to be sent behind those that came before it. */
export interface OutgoingMessage {
  /** The pid of the peer. */
  to: number;
  /** For its `handleIncoming`. */
  bytes: Uint8Array;
}

export interface MessageCodecs<T> {
  entry: Codec<T>;
  snapshot: Codec<unknown>;
}

/** What leads a state behind a frame, so that none is empty. */
const STATE_VERSION = 1;

export class DrivenEngine<T> {
  readonly #storage: Storage<T>;
  readonly #codecs: MessageCodecs<T>;
  readonly #engine: Engine;
  readonly #nodes: readonly number[];
  #view: EngineView | undefined;
  #durableStep = 0;
  #outgoing: OutgoingMessage[] = [];
  /** The floor, where the storage's snapshot is the state at it. */
  #stateAt: LogIndex | undefined;
  #busy = false;
  /** What every call throws from now on. */
  #ended: ConsensusError | undefined;
  /** Why the storage could not be read in the middle of a step. */
  #readFailure: { cause: unknown } | undefined;

  constructor(
    cluster: CheckedCluster,
    server: CheckedServer,
    storage: Storage<T>,
    codecs: MessageCodecs<T>,
    withoutGuard: string | undefined,
  ) {
    this.#storage = storage;
    this.#codecs = codecs;
    this.#nodes = cluster.nodes;
    const records = this.#using('read', () => {
      const floor = storage.getCompactedIdx();
      if (floor > 0 && storage.getSnapshot() !== undefined) this.#stateAt = floor;
      return {
        promise: storage.getPromise(),
        acceptedRound: storage.getAcceptedRound(),
        decidedIdx: storage.getDecidedIdx(),
        floor,
        end: floor + storage.getLogLen(),
        stopsign: storage.getStopsign(),
      };
    });
    const read = (from: LogIndex, to: LogIndex) => this.#readThrough(from, to);
    // No state is ever given to it by which a sync could be made shorter.
    const options = { statesInSyncs: true, maxSyncBytes: MAX_SYNC_BYTES, withoutGuard };
    this.#engine = new Engine(cluster, server, records, read, options);
    this.step({});
  }

  /** As it is on the disk. */
  get view(): EngineView {
    return this.#view as EngineView; // the constructor's step has made it
  }

  takeOutgoing(): OutgoingMessage[] {
    const taken = this.#outgoing;
    this.#outgoing = [];
    return taken;
  }

  /** @throws ConsensusError what ended it; `INVALID_ARGUMENT` from within another call */
  step(input: StepInput): StepOutcome {
    return this.#alone(() => this.#step(input));
  }

  /** The storage first, then the engine is told. `idx` has been checked. */
  compact(idx: LogIndex, snapshot: unknown): void {
    this.#alone(() => {
      this.#write([
        { type: 'setSnapshot', snapshot },
        { type: 'trim', idx },
        { type: 'setCompactedIdx', idx },
      ]);
      this.#tellFloor(idx);
      this.#stateAt = snapshot === undefined ? undefined : idx;
    });
  }

  /**
   * The engine never looks into what it carries: what the codecs could not read must not come as far as the log.
   * @throws ConsensusError MALFORMED_MESSAGE
   */
  checkContents(message: Uint8Array): void {
    this.#refuseIfUnfit();
    const { entries, state } = contentsOf(message);
    try {
      for (const entry of entries) fromBytes(entry, this.#codecs.entry);
      if (state !== undefined) this.#stateFrom(state);
    } catch (error) {
      throw malformed(`what it carries cannot be decoded: ${messageOf(error)}`, error);
    }
  }

  #alone<V>(work: () => V): V {
    this.#refuseIfUnfit();
    this.#busy = true;
    try {
      return work();
    } finally {
      this.#busy = false;
    }
  }

  #refuseIfUnfit(): void {
    if (this.#busy) {
      throw new ConsensusError('INVALID_ARGUMENT', 'a storage or codec must not call the replica that is using it');
    }
    if (this.#ended !== undefined) {
      const { code, message, cause } = this.#ended;
      throw new ConsensusError(code, message, { cause });
    }
  }

  #step(input: StepInput): StepOutcome {
    const floor = this.#using('read', () => this.#storage.getCompactedIdx());
    if (this.#view !== undefined && floor !== this.#view.compactedIdx) {
      // Another has moved it. The snapshot is of an earlier index, and must not be taken for the state at this one, now or
      // after a restart.
      this.#write([{ type: 'setSnapshot', snapshot: undefined }]);
      this.#stateAt = undefined;
      this.#tellFloor(floor);
    }
    return this.#run(input, floor);
  }

  #tellFloor(floor: LogIndex): void {
    this.#run({}, floor);
  }

  #run(input: StepInput, floor: LogIndex): StepOutcome {
    this.#readFailure = undefined;
    const outcome = this.#engineStep(input, floor);
    const { ops, step, view, frames } = outcome;
    if (ops.length > 0) this.#write(ops.map((op) => this.#toStorage(op)));
    if (ops.some(({ type }) => type === 'setSnapshot')) this.#stateAt = view.compactedIdx;
    this.#durableStep = step;
    this.#view = view;
    let state: Buffer | undefined;
    for (const { to, stateAt, frame } of frames) {
      if (stateAt !== undefined) state ??= this.#using('read', () => this.#stateBytes());
      this.#outgoing.push({ to, bytes: stateAt === undefined ? frame : Buffer.concat([frame, state as Buffer]) });
    }
    return outcome;
  }

  #engineStep(input: StepInput, floor: LogIndex): StepOutcome {
    try {
      return this.#engine.step(input, {
        durableStep: this.#durableStep,
        stateAt: this.#stateAt,
        given: this.#nodes, // it goes with the sync
        floor,
      });
    } catch (error) {
      // A read that failed has made the engine fail: it is the storage that is to be mended.
      const failed = this.#readFailure as { cause: unknown } | undefined;
      if (failed !== undefined) throw this.#endedBy(storageFailed('read', failed.cause));
      throw error instanceof ConsensusError && error.code === 'ENGINE_FAILED' ? this.#endedBy(error) : error;
    }
  }

  #readThrough(from: LogIndex, to: LogIndex): Uint8Array {
    try {
      const entries = this.#storage.getEntries(from, to);
      return packEntries(entries.map((entry) => toBytes('an entry', entry, this.#codecs.entry)));
    } catch (error) {
      this.#readFailure = { cause: error };
      throw error;
    }
  }

  #stateBytes(): Buffer {
    const snapshot = toBytes('the snapshot', this.#storage.getSnapshot(), this.#codecs.snapshot);
    return Buffer.concat([Buffer.of(STATE_VERSION), snapshot]);
  }

  #stateFrom(bytes: Buffer): unknown {
    if (bytes[0] !== STATE_VERSION) throw new RangeError(`a state of version ${bytes[0]}, not ${STATE_VERSION}`);
    return fromBytes(bytes.subarray(1), this.#codecs.snapshot);
  }

  #toStorage(op: EngineOp): StorageOp<T, unknown> {
    switch (op.type) {
      case 'appendEntries':
      case 'appendOnPrefix':
        return { ...op, entries: Array.from(op.entries, (bytes) => fromBytes(bytes, this.#codecs.entry)) };
      case 'setSnapshot':
        return { ...op, snapshot: op.snapshot && this.#stateFrom(op.snapshot) };
      default:
        return op;
    }
  }

  #write(ops: readonly StorageOp<T, unknown>[]): void {
    this.#using('written', () => this.#storage.writeAtomically(ops));
  }

  #using<V>(how: 'read' | 'written', work: () => V): V {
    try {
      return work();
    } catch (error) {
      throw this.#endedBy(storageFailed(how, error));
    }
  }

  #endedBy(error: ConsensusError): ConsensusError {
    this.#ended = error;
    return error;
  }
}
