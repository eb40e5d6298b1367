// The engine on a storage whose writes give promises: a step goes on at once from what the one before has written, and what
// a step shows is held back until its write, and all before it, are durable. Where a write fails, all that is held is
// thrown away, and nothing more is ever done.

import type { LogIndex, StopSign, StorageOp } from '../contract/storage.js';
import { checkOps } from '../contract/validate.js';
import type { PromisedStorage } from '../log/promised-storage.js';
import { accessOf } from '../log/storage-methods.js';
import type { CheckedCluster, CheckedServer } from './configuration.js';
import { ConsensusError, messageOf, storageFailed } from './consensus-error.js';
import { decidedIdxOfAppend, Engine, isSync, MAX_SYNC_BYTES, packedList, stateOf } from './engine.js';
import type { EngineView, OutgoingFrame, StepInput, StepOutcome } from './packed-step.js';

import type { StateExchange } from './state-exchange.js';

export type BytesStorage = PromisedStorage<Uint8Array, unknown>;

/** Of a message without entries. */
const SHORT_FRAME_BYTES = 4096;

interface Ahead {
  outcome: StepOutcome;
  bytes: number;
  isDurable: boolean;
}

/** @internal What a runner does wrong, to show that a simulation notices it. */
export interface RunAheadFaults {
  /** What a step shows is shown before its write is durable. */
  waitsForNoWrite?: boolean;
  withoutGuard?: string | undefined;
}

export interface RunAheadOptions {
  states?: StateExchange | undefined;
  /** Of {@link RunnerOptions}. */
  earlyRelease: boolean;
  bootstrap: boolean;
}

export interface RunAheadListener {
  /** Of the step that has just run, before it is released. Must not throw. */
  releasedEarly(frames: readonly OutgoingFrame[]): void;
  /** In the order of the steps. Must not throw. */
  released(outcome: StepOutcome): void;
  /** Once. Nothing is released any more. */
  ended(error: ConsensusError): void;
}

export class RunAhead {
  readonly #storage: BytesStorage;
  readonly #engine: Engine;
  readonly #writes = new Set<Promise<void>>();
  readonly #waitsForNoWrite: boolean;
  readonly #earlyRelease: boolean;
  readonly #states: StateExchange | undefined;
  /** How many frames to each peer are held back. */
  readonly #held = new Map<number, number>();
  #releasedDecidedIdx: LogIndex;
  #steps: Ahead[] = [];
  #bytes = 0;
  #durableStep = 0;
  #latest: EngineView | undefined;
  #quietTicks = 0;
  #hasStopsign: boolean;
  #hasEnded = false;
  #readFailure: { cause: unknown } | undefined;
  /** To be set before the first step. */
  listener: RunAheadListener = { releasedEarly() {}, released() {}, ended() {} };
  /** Where the log ended at the start. */
  readonly end: LogIndex;

  /** @throws ConsensusError STORAGE_FAILED, LOST_DISK, INVALID_ARGUMENT, ENGINE_FAILED */
  static async open(
    cluster: CheckedCluster,
    server: CheckedServer,
    storage: BytesStorage,
    options: RunAheadOptions,
    faults: RunAheadFaults,
  ): Promise<RunAhead> {
    const records = await readRecords(storage);
    refuseLostDisk(records, options.bootstrap);
    return new RunAhead(cluster, server, storage, records, options, faults);
  }

  private constructor(
    cluster: CheckedCluster,
    server: CheckedServer,
    storage: BytesStorage,
    records: Awaited<ReturnType<typeof readRecords>>,
    { earlyRelease, states }: RunAheadOptions,
    { waitsForNoWrite = false, withoutGuard }: RunAheadFaults,
  ) {
    this.#waitsForNoWrite = waitsForNoWrite;
    this.#earlyRelease = earlyRelease;
    this.#states = states;
    this.#storage = storage;
    this.#releasedDecidedIdx = records.decidedIdx;
    this.#hasStopsign = records.stopsign !== undefined;
    this.end = records.end;
    const read = (from: LogIndex, to: LogIndex) => this.#readThrough(from, to);
    this.#engine = new Engine(cluster, server, records, read, {
      statesInSyncs: states === undefined,
      maxSyncBytes: states?.maxSyncBytes ?? MAX_SYNC_BYTES,
      withoutGuard,
    });
  }

  /** Where the engine stands, which nobody may be told yet. Undefined before the first step. */
  get latest(): EngineView | undefined {
    return this.#latest;
  }

  /** How many ticks may pass without a step. */
  get quietTicks(): number {
    return this.#quietTicks;
  }

  /** A stop-sign has been accepted, durably or not: nothing comes behind it. */
  get hasStopsign(): boolean {
    return this.#hasStopsign;
  }

  /** What has run and is not released. */
  get ahead(): { steps: number; bytes: number } {
    return { steps: this.#steps.length, bytes: this.#bytes };
  }

  /** The floor of the storage, as moved by whoever compacts it. */
  get floor(): LogIndex {
    return accessOf(this.#storage).cursor.compactedIdx;
  }

  /** Runs the engine once. Failures are told to the listener. */
  step(input: StepInput): void {
    if (this.#hasEnded) return;
    let outcome: StepOutcome;
    try {
      this.#readFailure = undefined;
      const { stateAt, givenTo: given = [] } = this.#states ?? {};
      const standing = { durableStep: this.#durableStep, stateAt, given, floor: this.floor };
      outcome = this.#engine.step(this.#withStates(input), standing);
    } catch (error) {
      this.#end(this.#asFailure(error));
      return;
    }
    const { ops, view } = outcome;
    this.#latest = view;
    this.#quietTicks = outcome.quietTicks;
    for (const op of ops) if (op.type === 'setStopsign') this.#hasStopsign = op.stopsign !== undefined;
    const early = this.#earlyRelease ? this.#takeEarly(outcome) : [];
    const bytes = bytesOf(outcome);
    const ahead: Ahead = { outcome, bytes, isDurable: ops.length === 0 || this.#waitsForNoWrite };
    this.#steps.push(ahead);
    this.#bytes += bytes;
    if (ops.length > 0) this.#write(ahead);
    if (early.length > 0) this.listener.releasedEarly(early);
    if (ahead.isDurable) this.#release();
  }

  /**
   * Takes those frames out of `outcome` that need not wait for this replica's own disk: entries for a peer that has all that
   * was meant for it before. The leader's own vote for them counts nowhere before they are durable here, and by the decided
   * index that goes with them the peer learns nothing that is not durable.
   */
  #takeEarly(outcome: StepOutcome): OutgoingFrame[] {
    const early: OutgoingFrame[] = [];
    outcome.frames = outcome.frames.filter((frame) => {
      const held = this.#held.get(frame.to) ?? 0;
      const decidedIdx = held === 0 ? decidedIdxOfAppend(frame.frame) : undefined;
      if (decidedIdx !== undefined && decidedIdx <= this.#releasedDecidedIdx) {
        early.push(frame);
        return false;
      }
      this.#held.set(frame.to, held + 1);
      return true;
    });
    return early;
  }

  /** The storage writes nothing more, perhaps by a write of somebody else's. Those under way tell how they end themselves. */
  async poisoned(cause: Error): Promise<void> {
    await Promise.all(this.#writes);
    this.#end(storageFailed('written', cause));
  }

  /** Releases nothing more. Resolves once no write is under way. */
  async stop(): Promise<void> {
    this.#hasEnded = true;
    this.#forget();
    await Promise.all(this.#writes);
  }

  #write(ahead: Ahead): void {
    const written = this.#begin(ahead).then(
      () => {
        ahead.isDurable = true;
        this.#release();
      },
      (error) => this.#end(storageFailed('written', error)),
    );
    this.#writes.add(written);
    written.finally(() => this.#writes.delete(written));
  }

  /** Without those messages whose state is not here: as good as lost. */
  #withStates(input: StepInput): StepInput {
    const { messages } = input;
    if (this.#states === undefined || messages === undefined) return input;
    const taken = messages.filter((message) => {
      const index = stateOf(message);
      return index === undefined || this.#states?.hasArrived(index);
    });
    return taken.length === messages.length ? input : { ...input, messages: taken };
  }

  async #begin({ outcome }: Ahead): Promise<void> {
    if (installs(outcome) && this.#states !== undefined) {
      // The engine has only a marker of the state. What it stands for becomes visible with the log that rests on it.
      const ops = outcome.ops.filter(({ type }) => type !== 'setSnapshot');
      const alongside = this.#states.install(outcome.view.compactedIdx);
      await accessOf(this.#storage).write(
        () => checkOps(ops as readonly StorageOp<Uint8Array, unknown>[]),
        () => {},
        { alongside, sync: true },
      );
      return;
    }
    // It takes packed entries as well, as they are.
    await this.#storage.writeAtomically(outcome.ops as readonly StorageOp<Uint8Array, unknown>[]);
  }

  #release(): void {
    while (!this.#hasEnded && this.#steps[0]?.isDurable) {
      const { outcome, bytes } = this.#steps.shift() as Ahead;
      this.#bytes -= bytes;
      this.#durableStep = outcome.step;
      this.#releasedDecidedIdx = outcome.view.decidedIdx;
      if (this.#earlyRelease)
        for (const { to } of outcome.frames) this.#held.set(to, (this.#held.get(to) as number) - 1);
      this.listener.released(this.#withGivenStates(outcome));
      if (installs(outcome)) this.#states?.installed(outcome.view.compactedIdx);
    }
  }

  /** Without those frames whose receiver has not got their state yet: the protocol repeats them. */
  #withGivenStates(outcome: StepOutcome): StepOutcome {
    const states = this.#states;
    if (states !== undefined && outcome.frames.some((frame) => isLarge(frame, states.maxSyncBytes)))
      states.isOutgrown();
    const isOfUse = ({ to, stateAt, frame }: OutgoingFrame) =>
      stateAt === undefined || (this.#states?.isGiven(to, stateAt) && frame.byteLength > 0);
    return outcome.frames.every(isOfUse) ? outcome : { ...outcome, frames: outcome.frames.filter(isOfUse) };
  }

  #readThrough(from: LogIndex, to: LogIndex): Uint8Array {
    try {
      return packedList(accessOf(this.#storage).packedNow(from, to));
    } catch (error) {
      this.#readFailure = { cause: error };
      throw error;
    }
  }

  #asFailure(error: unknown): ConsensusError {
    // A read that failed has made the engine fail: it is the storage that is to be mended.
    if (this.#readFailure !== undefined) return storageFailed('read', this.#readFailure.cause);
    if (error instanceof ConsensusError) return error;
    return new ConsensusError('ENGINE_FAILED', `the engine has failed: ${messageOf(error)}`, { cause: error });
  }

  #end(error: ConsensusError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#forget();
    this.listener.ended(error);
  }

  #forget(): void {
    this.#steps = [];
    this.#bytes = 0;
  }
}

/** A sync that is longer than it is to be. Where not even a short one could be sent, nothing would help. */
function isLarge({ frame }: OutgoingFrame, maxSyncBytes: number): boolean {
  return frame.byteLength > maxSyncBytes + SHORT_FRAME_BYTES && isSync(frame);
}

/** Whether a peer's state takes the place of the log. */
function installs({ ops }: StepOutcome): boolean {
  return ops.some(({ type }) => type === 'setSnapshot');
}

/** What a step holds in memory until it is released. */
function bytesOf({ frames, ops }: StepOutcome): number {
  const inFrames = frames.reduce((sum, { frame }) => sum + frame.byteLength, 0);
  return ops.reduce((sum, op) => sum + ('entries' in op ? op.entries.bytes.length : 0), inFrames);
}

async function readRecords(storage: BytesStorage) {
  try {
    const [promise, acceptedRound, decidedIdx, floor, length, stopsign] = await Promise.all([
      storage.getPromise(),
      storage.getAcceptedRound(),
      storage.getDecidedIdx(),
      storage.getCompactedIdx(),
      storage.getLogLen(),
      storage.getStopsign() as Promise<StopSign | undefined>,
    ]);
    return { promise, acceptedRound, decidedIdx, floor, end: floor + length, stopsign };
  } catch (error) {
    throw storageFailed('read', error);
  }
}

function refuseLostDisk({ promise, acceptedRound }: Awaited<ReturnType<typeof readRecords>>, bootstrap: boolean): void {
  if (promise !== undefined) {
    if (!bootstrap) return;
    const remedy = 'leave bootstrap out: it is for the first start alone';
    throw new ConsensusError(
      'INVALID_ARGUMENT',
      `bootstrap must not be true where the storage holds a promise; ${remedy}`,
    );
  }
  if (bootstrap && acceptedRound === undefined) return;
  const remedy =
    'if no replica ever started on it, open it once with bootstrap: true; else replace the replica by another';
  throw new ConsensusError('LOST_DISK', `the storage holds no promise, which every replica has made: ${remedy}`);
}
