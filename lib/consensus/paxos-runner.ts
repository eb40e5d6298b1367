import { types } from 'node:util';
import type { ClusterConfig, LogIndex, StopSign } from '../contract/storage.js';
import { type Clock, NODE_CLOCK } from './clock.js';
import { checkCluster, checkInteger, checkRecord, checkSignal, invalid } from './configuration.js';
import { ConsensusError, pendingReconfiguration } from './consensus-error.js';
import { type DecidedBatch, type DecidedItem, DecidedReader } from './decided-reader.js';
import type { OutgoingMessage } from './driven-engine.js';
import { addressOf, checkFrame, malformed } from './engine.js';
import { encodeEntry, MAX_BYTES } from './entry-bytes.js';
import { InputQueue } from './input-queue.js';
import { type LeadershipState, leadershipOf } from './leadership.js';
import { LeadershipWatch } from './leadership-watch.js';
import type { MessageSink } from './message-sink.js';
import { Outbox } from './outbox.js';
import type { EngineView, OutgoingFrame, StepInput, StepOutcome } from './packed-step.js';
import { PagedIterator } from './paged-iterator.js';
import { RunAhead, type RunAheadFaults } from './run-ahead.js';
import { type CheckedRunnerOptions, checkRunnerOptions, type RunnerOptions } from './runner-options.js';
import { StalledFollower } from './stalled-follower.js';
import type { StateExchange } from './state-exchange.js';

/** How far a started runner goes ahead of its disk: past it, time stands still and what comes in waits. */
const MAX_STEPS_AHEAD = 1024;
const MAX_BYTES_AHEAD = 64 * 1024 * 1024;

/** Of a reader. */
export interface ReaderOptions {
  /** Ends it: `next()` throws the signal's reason. */
  signal?: AbortSignal;
}

interface PendingTick {
  /** The step behind which it is over. */
  step: number;
  resolve(messages: OutgoingMessage[]): void;
  reject(error: Error): void;
}

/**
 * One replica of OmniPaxos on a storage whose calls give promises. The event loop never waits for the disk: the replica
 * runs ahead of it, each step one atomic write, and whatever a step shows (messages, what is decided, who leads, every
 * property) shows once its write and all before it are durable.
 *
 * Where a write fails, also one of whoever compacts the log, the replica ends: nothing held back is shown, {@link stopped} resolves with `STORAGE_FAILED`, and
 * calls throw it. Nobody knows what such a write has left on the disk: open the database again, and a runner on it.
 */
export class PaxosRunner<T> implements AsyncDisposable {
  readonly #options: CheckedRunnerOptions<T>;
  readonly #takesStates: boolean;
  readonly #clock: Clock;
  readonly #runAhead: RunAhead;
  readonly #decided: DecidedReader<T>;
  readonly #stalled: StalledFollower;
  readonly #queue = new InputQueue();
  readonly #leadership = new LeadershipWatch();
  #view: EngineView | undefined;
  /** Released, and not taken yet. */
  #outgoing: OutgoingMessage[] = [];
  #outbox: Outbox | undefined;
  #stopTicking = () => {};
  #isTurnScheduled = false;
  /** For which no step was run. */
  #ticksPassed = 0;
  #driver: 'start' | 'tickOnce' | undefined;
  #ticks: PendingTick[] = [];
  #stepsRun = 0;
  #stepsReleased = 0;
  #end: { error: ConsensusError | undefined } | undefined;
  #stopping: Promise<void> | undefined;
  #tellStopped: (error: Error | undefined) => void = () => {};

  /** Resolves with the failure that ended it, or with undefined after {@link stop}. Never rejects. */
  readonly stopped: Promise<Error | undefined>;

  /**
   * Recovers the replica that the storage holds, or makes a new one with `bootstrap`. Resolves once what this writes is
   * durable. Nothing else happens before {@link start} or {@link tickOnce}.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT`; `LOST_DISK` where the storage holds no promise and
   *   `bootstrap` is not true; `STORAGE_FAILED`; `ENGINE_FAILED` where the storage holds what no replica of this cluster
   *   has written
   */
  static open<T>(options: RunnerOptions<T>): Promise<PaxosRunner<T>> {
    return PaxosRunner.openOn(NODE_CLOCK, options, {});
  }

  /**
   * @internal {@link open} on a clock of one's own, with faults, to show that a simulation notices them, and with a way for
   * states to get to peers.
   */
  static async openOn<T>(
    clock: Clock,
    options: RunnerOptions<T>,
    faults: RunAheadFaults,
    states?: StateExchange,
  ): Promise<PaxosRunner<T>> {
    const checked = checkRunnerOptions(options);
    const { cluster, server, storage, bootstrap, earlyRelease } = checked;
    const ahead = await RunAhead.open(cluster, server, storage, { bootstrap, earlyRelease, states }, faults);
    const runner = new PaxosRunner(checked, clock, ahead, states !== undefined);
    await runner.#begin();
    return runner;
  }

  private constructor(options: CheckedRunnerOptions<T>, clock: Clock, runAhead: RunAhead, takesStates: boolean) {
    this.#options = options;
    this.#takesStates = takesStates;
    this.#clock = clock;
    this.#runAhead = runAhead;
    this.#decided = new DecidedReader(options.storage, options.entryCodec, runAhead.end, () => runAhead.floor);
    this.#stalled = new StalledFollower(options.server.pid, options.server.resendMessageTickTimeout);
    this.stopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
    runAhead.listener = {
      releasedEarly: (frames) => this.#sendFrames(frames),
      released: (outcome) => this.#released(outcome),
      ended: (error) => this.#endWith(error),
    };
    options.storage.whenPoisoned.then((cause) => runAhead.poisoned(cause));
  }

  /** The first step, which tells what is wrong with the storage. Its messages wait for who sends them. */
  async #begin(): Promise<void> {
    await new Promise<unknown>((resolve, reject) => {
      this.#ticks.push({
        step: this.#stepsRun + 1,
        resolve: (messages) => resolve(this.#outgoing.push(...messages)),
        reject,
      });
      this.#step({});
    });
  }

  // ── Its life ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Lets time pass and sends messages to `sink`, until it is stopped; it keeps the process alive that long. A sink that
   * throws has lost the message. One whose promise hangs holds up the messages to that peer alone: the oldest of these are
   * dropped where more than 4,096, or 64 MiB, wait.
   * @throws ConsensusError `INVALID_ARGUMENT` where it was started before, or driven by {@link tickOnce}; what ended it
   */
  start(sink: MessageSink): void {
    if (typeof (sink as Partial<MessageSink> | null | undefined)?.send !== 'function') {
      throw invalid('sink', 'an object with the function send', sink);
    }
    this.#refuseIfEnded();
    if (this.#driver === 'start') throw new ConsensusError('INVALID_ARGUMENT', 'the runner was started before');
    this.#driveBy('start');
    this.#outbox = new Outbox(sink);
    const { tickIntervalMs, server } = this.#options;
    this.#stopTicking = this.#clock.every(tickIntervalMs, () => this.#tick(), server.electionTickTimeout);
    this.#sendOut();
    this.#scheduleDrain();
  }

  /**
   * For who drives time: does all that has come in, lets one tick pass, and gives the messages to be sent, once all of it is
   * durable. May be called again before that. Excludes {@link start}.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT` where it was started; what ends it meanwhile
   */
  async tickOnce(): Promise<OutgoingMessage[]> {
    this.#refuseIfEnded();
    this.#driveBy('tickOnce');
    this.#askIfStalled();
    const inputs: StepInput[] = [];
    for (let input = this.#queue.take(); input !== undefined; input = this.#queue.take()) inputs.push(input);
    inputs.push({ ticks: 1 });
    return new Promise((resolve, reject) => {
      this.#ticks.push({ step: this.#stepsRun + inputs.length, resolve, reject });
      for (const input of inputs) this.#step(input);
    });
  }

  /**
   * Takes and shows nothing more, and resolves once no write is under way: the storage can be closed then. What had not
   * been shown by then is on the disk, as far as it was written, for the next start; what had been goes to the sink within
   * this call.
   */
  stop(): Promise<void> {
    this.#endWith(undefined);
    this.#stopping ??= this.#runAhead.stop();
    return this.#stopping;
  }

  /** {@link stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // ── What comes in ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * A message of the peer `from`. Where more wait than 16,384, or 128 MiB, the oldest is dropped; an ended runner drops all.
   * @throws ConsensusError `MALFORMED_MESSAGE`: bytes that no replica of this configuration sends to this one; nothing was
   *   done
   */
  handleIncoming(from: number, message: Uint8Array): void {
    this.#checkPeer('from', from);
    if (!types.isUint8Array(message)) throw invalid('message', 'a Uint8Array', message);
    if (message.byteLength > 2 * MAX_BYTES) throw malformed(`it has ${message.byteLength} bytes`);
    if (this.#end !== undefined) return;
    const bytes = Buffer.from(message);
    this.#checkMessage(from, bytes);
    this.#queue.message(bytes);
    this.#scheduleDrain();
  }

  /** There is a new connection to the peer: to be called on both sides, before the first message on it. */
  connected(pid: number): void {
    this.#checkPeer('pid', pid);
    if (this.#end !== undefined) return;
    this.#queue.call({ type: 'reconnected', pid });
    this.#scheduleDrain();
  }

  /**
   * Proposes `entry`: appended at the leader, forwarded to it elsewhere, kept where none is known. It may get lost on the
   * way, without a word; whether it is in the log, {@link decided} tells. As much waits in memory as is proposed and cannot
   * go on: bound it yourself.
   * @throws ConsensusError `PENDING_RECONFIGURATION`, `RECONFIGURED`; `INVALID_ARGUMENT` where it cannot be encoded; what
   *   ended it
   */
  append(entry: T): void {
    this.#refuseProposals();
    this.#queue.proposal(encodeEntry(entry, this.#options.entryCodec));
    this.#scheduleDrain();
  }

  /**
   * Proposes the stop-sign that ends this configuration. Like an entry it may get lost.
   * @param next - its id is above this one's
   * @throws ConsensusError as {@link append}
   */
  reconfigure(next: ClusterConfig, metadata?: Uint8Array): void {
    this.#refuseProposals();
    const stopsign: StopSign = { nextConfig: checkCluster('next', next, this.#options.cluster.configurationId) };
    if (metadata !== undefined) {
      if (!types.isUint8Array(metadata)) throw invalid('metadata', 'a Uint8Array', metadata);
      stopsign.metadata = Buffer.from(metadata);
    }
    this.#queue.call({ type: 'reconfigure', stopsign });
    this.#scheduleDrain();
  }

  /**
   * Has this replica try to lead, whoever leads now: with a majority that hears it, it will, once it has what is decided.
   * @throws ConsensusError what ended it
   */
  tryBecomeLeader(): void {
    this.#refuseIfEnded();
    this.#queue.call({ type: 'tryBecomeLeader' });
    this.#scheduleDrain();
  }

  // ── What it shows ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whom this replica takes for the leader; of the last step that is durable. */
  get leadership(): LeadershipState {
    return this.#leadership.state;
  }

  /**
   * The current state first, then each change; a slow reader sees the latest only. Ends with the runner: it throws the
   * failure that ended it. Any number of readers.
   */
  leadershipChanges(options: ReaderOptions = {}): AsyncIterableIterator<LeadershipState> {
    return this.#leadership.read(checkReaderOptions(options).signal);
  }

  /**
   * What is decided from `from` on, as it comes, each once and in order; read back from the log where it is no longer in
   * memory. It ends behind the stop-sign, and with the runner: it throws the failure that ended it. A slow reader holds up
   * nothing, and holds about 1 MiB. Any number of readers.
   * @throws ConsensusError from `next()`: `INVALID_ARGUMENT` where the entry has been compacted; `STORAGE_FAILED` where it
   *   cannot be read, which ends this reader alone
   */
  decided(from: LogIndex, options: ReaderOptions = {}): AsyncIterableIterator<DecidedItem<T>> {
    checkInteger('from', from, 0, Number.MAX_SAFE_INTEGER);
    const { signal } = checkReaderOptions(options);
    return new PagedIterator((ended) => this.#decided.items(from, ended), signal);
  }

  /**
   * {@link decided}, many at a time: for who applies them, at a fifth of the cost of each. An entry that cannot be read ends
   * it behind those before.
   */
  decidedBatches(from: LogIndex, options: ReaderOptions = {}): AsyncIterableIterator<DecidedBatch<T>> {
    checkInteger('from', from, 0, Number.MAX_SAFE_INTEGER);
    const { signal } = checkReaderOptions(options);
    return new PagedIterator((ended) => this.#decided.batches(from, ended), signal);
  }

  /** How far the log is decided; a stop-sign counts as an entry. */
  get decidedIdx(): LogIndex {
    return this.#view?.decidedIdx ?? 0;
  }

  /** Where the log ends here; a stop-sign counts as an entry. */
  get acceptedIdx(): LogIndex {
    return this.#view?.acceptedIdx ?? 0;
  }

  /** The decided stop-sign: this configuration takes nothing more. */
  isReconfigured(): StopSign | undefined {
    return structuredClone(this.#view?.reconfigured);
  }

  // ── Steps ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #step(input: StepInput): void {
    this.#stepsRun++;
    const ticks = this.#ticksPassed + (input.ticks ?? 0);
    this.#ticksPassed = 0;
    this.#runAhead.step(ticks === 0 ? input : { ...input, ticks });
    this.#queue.done(input);
  }

  get #isTooFarAhead(): boolean {
    const { steps, bytes } = this.#runAhead.ahead;
    return steps >= MAX_STEPS_AHEAD || bytes >= MAX_BYTES_AHEAD;
  }

  #tick(): void {
    if (this.#isTooFarAhead) return;
    this.#drain();
    this.#askIfStalled();
    // Where nothing has come, and the engine would only count, it is told later: before the next thing that does come.
    if (this.#queue.isEmpty && this.#ticksPassed < this.#runAhead.quietTicks) this.#ticksPassed++;
    else this.#step({ ...this.#queue.take(), ticks: 1 });
  }

  #askIfStalled(): void {
    const view = this.#runAhead.latest;
    const pid = view && this.#stalled.leaderToAsk(view);
    if (pid !== undefined) this.#queue.call({ type: 'reconnected', pid });
  }

  /** What comes in one turn of the event loop makes one step. */
  #scheduleDrain(): void {
    if (!this.#queue.isEmpty) this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    if (this.#driver !== 'start' || this.#isTurnScheduled || this.#end !== undefined) return;
    this.#isTurnScheduled = true;
    this.#clock.soon(() => {
      this.#isTurnScheduled = false;
      this.#drain();
      this.#sendOut();
    });
  }

  #drain(): void {
    while (this.#end === undefined && !this.#isTooFarAhead) {
      const input = this.#queue.take();
      if (input === undefined) return;
      this.#step(input);
    }
  }

  #released({ ops, view, frames, ...rest }: StepOutcome): void {
    this.#stepsReleased++;
    const hasDecided = view.decidedIdx > this.decidedIdx;
    this.#view = view;
    this.#decided.released({ ops, view, frames, ...rest });
    const { server, endpoints } = this.#options;
    const leadership = leadershipOf(view, server.pid, endpoints);
    this.#leadership.tell(leadership);
    this.#take(frames);
    while (this.#ticks[0] !== undefined && this.#ticks[0].step <= this.#stepsReleased) {
      this.#ticks.shift()?.resolve(this.#outgoing.splice(0));
    }
    // Followers need not hurry to learn what is decided. Who waits for it proposes the next now, and that goes with it: one
    // step of theirs, and one write.
    if (hasDecided && leadership.role === 'leader') this.#scheduleTurn();
    else this.#sendOut();
    this.#scheduleDrain();
  }

  #take(frames: readonly OutgoingFrame[]): void {
    for (const { to, frame } of frames) this.#outgoing.push({ to, bytes: frame });
  }

  #sendFrames(frames: readonly OutgoingFrame[]): void {
    this.#take(frames);
    this.#sendOut();
  }

  #sendOut(): void {
    if (this.#outbox === undefined) return;
    for (const message of this.#outgoing.splice(0)) this.#outbox.send(message);
  }

  #endWith(error: ConsensusError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#stopTicking();
    this.#sendOut(); // what is decided has been shown, may be why this ends, and peers may learn it nowhere else
    this.#outbox?.close();
    this.#queue.clear();
    this.#outgoing = [];
    for (const { reject } of this.#ticks.splice(0)) reject(this.#asEnded());
    this.#decided.end(error);
    this.#leadership.end(error);
    this.#tellStopped(error);
  }

  // ── Checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #driveBy(driver: 'start' | 'tickOnce'): void {
    if (this.#driver !== undefined && this.#driver !== driver) {
      const message = 'a runner is driven either by start or by tickOnce, not by both; open another';
      throw new ConsensusError('INVALID_ARGUMENT', message);
    }
    this.#driver = driver;
  }

  #asEnded(): ConsensusError {
    const error = this.#end?.error;
    if (error === undefined) return new ConsensusError('STOPPED', 'the runner was stopped; open another');
    return new ConsensusError(error.code, error.message, { cause: error.cause });
  }

  #refuseIfEnded(): void {
    if (this.#end !== undefined) throw this.#asEnded();
  }

  #refuseProposals(): void {
    this.#refuseIfEnded();
    if (this.#view?.reconfigured !== undefined) {
      throw new ConsensusError('RECONFIGURED', 'the configuration has ended; propose to the next one');
    }
    if (this.#runAhead.hasStopsign) throw pendingReconfiguration();
  }

  #checkPeer(argument: string, pid: number): void {
    const { cluster, server } = this.#options;
    const peers = cluster.nodes.filter((node) => node !== server.pid);
    if (!peers.includes(pid)) throw invalid(argument, `one of the peers ${peers.join(', ')}`, pid);
  }

  #checkMessage(from: number, bytes: Buffer): void {
    const { cluster, server } = this.#options;
    const { stateAt } = checkFrame(bytes);
    const address = addressOf(bytes);
    if (address.configurationId !== cluster.configurationId) {
      throw malformed(`it is of configuration ${address.configurationId}, not ${cluster.configurationId}`);
    }
    if (address.from !== from) throw malformed(`it says that it is from ${address.from}, not from ${from}`);
    if (address.to !== server.pid) throw malformed(`it is to ${address.to}, not to ${server.pid}`);
    if (stateAt !== undefined && !this.#takesStates)
      throw malformed('it rests on a state, and there is no way to get it');
  }
}

/** @throws ConsensusError INVALID_ARGUMENT */
export function checkReaderOptions(options: ReaderOptions): ReaderOptions {
  const signal = checkSignal(checkRecord<ReaderOptions>('options', options, ['signal']).signal);
  return signal === undefined ? {} : { signal };
}
