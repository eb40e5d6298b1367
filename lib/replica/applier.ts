import { setImmediate } from 'node:timers/promises';
import { types } from 'node:util';
import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import type { AppliedProposals, Proposer } from './applied-proposals.js';
import type { Configuration } from './configurations.js';
import { decodeEnvelope } from './envelope.js';
import { encodeState, type StateHead, type StateMachine } from './state.js';

/** How long it goes on before the event loop has a turn. */
const MAX_SLICE_MS = 5;
/** Looking at the clock costs about as much as a short command. */
const ENTRIES_BEFORE_A_LOOK = 32;

/** Applies what is decided, each proposal once, and keeps account of it. */
export class Applier<C, R> {
  readonly #machine: StateMachine<C, R>;
  readonly #codec: Codec<C>;
  readonly #proposals: AppliedProposals;
  #configuration: Configuration;
  #appliedIdx: LogIndex;
  #bytes = 0;
  /** Where the bytes were counted from. */
  #countedFrom: LogIndex;
  /** Told of each proposal of `own` that has been applied. */
  listener: (counter: number, index: LogIndex, result: R) => void = () => {};
  own: Proposer | undefined;

  /** What it goes on from is the machine's state. */
  constructor(machine: StateMachine<C, R>, codec: Codec<C>, { index, configuration, proposals }: StateHead) {
    this.#machine = machine;
    this.#codec = codec;
    this.#proposals = proposals;
    this.#configuration = configuration;
    this.#appliedIdx = index;
    this.#countedFrom = index;
  }

  /** All entries below it have been applied. */
  get appliedIdx(): LogIndex {
    return this.#appliedIdx;
  }

  /** Whether `counter` of this replica has been applied before. */
  hasApplied(counter: number): boolean {
    return this.own !== undefined && this.#proposals.isOver(this.own, counter);
  }

  /** What a snapshot of it is, from this moment. Throws what the state machine does. */
  snapshot(): { index: LogIndex; bytes: AsyncIterable<Uint8Array> } {
    const index = this.#appliedIdx;
    const head = { index, configuration: this.#configuration, proposals: this.#proposals };
    return { index, bytes: encodeState(head, this.#machine.snapshot()) };
  }

  /** All before the stop-sign at `index` has been applied: what comes behind it is of `next`. */
  reconfigured(index: LogIndex, next: Configuration): void {
    this.#appliedIdx = index + 1;
    this.#configuration = next;
  }

  /** What has been applied from `index` on; asked for with rising indices. */
  behind(index: LogIndex): { entries: number; bytes: number } {
    if (index > this.#countedFrom) {
      this.#countedFrom = index;
      this.#bytes = 0;
    }
    return { entries: this.#appliedIdx - index, bytes: this.#bytes };
  }

  /**
   * The entries from `index` on, until `ended` is aborted.
   * @throws ConsensusError `STATE_MACHINE_FAILED`, which names the index: all replicas throw there
   */
  async apply(index: LogIndex, entries: readonly Uint8Array[], ended: AbortSignal): Promise<void> {
    let sliceBegan = performance.now();
    for (let i = 0; i < entries.length; i++) {
      this.#applyOne(entries[i] as Buffer, index + i);
      if (i % ENTRIES_BEFORE_A_LOOK !== 0 || performance.now() - sliceBegan < MAX_SLICE_MS) continue;
      await setImmediate();
      if (ended.aborted) return;
      sliceBegan = performance.now();
    }
  }

  #applyOne(bytes: Buffer, index: LogIndex): void {
    try {
      const { proposer, counter, settledBelow, command } = decodeEnvelope(bytes);
      const isNew = this.#proposals.admits(proposer, counter, settledBelow);
      const result = isNew && command !== undefined ? this.#applyCommand(command, index) : undefined;
      this.#appliedIdx = index + 1;
      this.#bytes += bytes.byteLength;
      if (isNew && this.#isOwn(proposer)) this.listener(counter, index, result as R);
    } catch (error) {
      const message = `entry ${index} cannot be applied, here or anywhere else: ${messageOf(error)}`;
      throw new ConsensusError('STATE_MACHINE_FAILED', message, { cause: error });
    }
  }

  #applyCommand(command: Buffer, index: LogIndex): R {
    const result = this.#machine.apply(this.#codec.decode(command), index);
    if (!types.isPromise(result)) return result;
    result.catch(() => {});
    throw new TypeError('apply gave a promise: it must be done when it returns');
  }

  #isOwn({ replicaId, incarnation }: Proposer): boolean {
    return replicaId === this.own?.replicaId && incarnation === this.own.incarnation;
  }
}
