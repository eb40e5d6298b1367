import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_CLOCK } from '../consensus/clock.js';
import { invalid } from '../consensus/configuration.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import type { DecidedBatch } from '../consensus/decided-reader.js';
import { encodeEntry, MAX_BYTES } from '../consensus/entry-bytes.js';
import type { LeadershipState } from '../consensus/leadership.js';
import { PaxosRunner, type ReaderOptions } from '../consensus/paxos-runner.js';
import type { LogIndex } from '../contract/storage.js';
import { accessOf } from '../log/storage-methods.js';
import type { TransportLink } from '../transport/transport.js';
import type { Applier } from './applier.js';
import { Barriers } from './barriers.js';
import { HEAD_BYTES } from './envelope.js';
import { decodeNote, encodeNote, isNote, type Note } from './notes.js';
import { PeerStandings, TELL_TICKS } from './peer-standings.js';
import { type Applied, checkProposeOptions, Proposals, type ProposeOptions, waitFor } from './proposals.js';
import { type CheckedReplicaOptions, checkReplicaOptions, type ReplicaOptions } from './replica-options.js';
import { asConsensusError, openParts, type ReplicaParts } from './replica-parts.js';

/** Of the engine's default. */
const RESEND_TICKS = 100;
/** Longer than an election takes. */
const ASK_TICKS = 50;
const BUSY_POLL_MS = 20;
const MAX_COMMAND_BYTES = MAX_BYTES - HEAD_BYTES;

/** Where a replica stands, as {@link Replica.status} gives it. */
export interface ReplicaStatus {
  /** Of this replica. */
  pid: number;
  /** Of the configuration that it is part of. */
  configurationId: number;
  /** Of this log on this disk, for ever. */
  replicaId: string;
  /** Whom it takes for the leader. */
  leadership: LeadershipState;
  /** How far the log is decided. */
  decidedIdx: LogIndex;
  /** How far it has been applied here. */
  appliedIdx: LogIndex;
  /** Where the log begins. */
  compactedIdx: LogIndex;
  /** Of the last snapshot; 0 where there is none. */
  snapshotIdx: LogIndex;
  /** Why the last attempt at a snapshot failed; undefined where it did not. */
  snapshotFailure: unknown;
  /** Messages of peers that were refused as malformed. */
  refusedMessages: number;
  /** Proposals of this replica that have not settled. */
  inFlight: { proposals: number; bytes: number };
  /** The other replicas. */
  peers: {
    /** Of the peer. */
    pid: number;
    /** Whether messages to it go anywhere. */
    connected: boolean;
    /** How many entries it lacks of what is decided, as far as it has told; undefined where it has not yet. */
    lag: number | undefined;
    /** This replica's state is on its way to the peer, which lacks what the log has no longer. */
    transfer: boolean;
  }[];
}

/**
 * A state machine that is the same on all replicas of a configuration. What {@link propose} resolves for is decided,
 * durable on a majority, and applied here; it is applied once, on every replica, whatever is lost or restarted meanwhile.
 *
 * Where the disk fails, or the state machine throws, the replica stops: {@link stopped} resolves with the reason.
 */
export class Replica<C, R = void> implements AsyncDisposable {
  readonly #options: CheckedReplicaOptions<C, R>;
  readonly #parts: ReplicaParts<C, R>;
  /** Another one once a peer's state has come. */
  #applier: Applier<C, R>;
  readonly #proposals: Proposals<R>;
  readonly #barriers = new Barriers(async () => {
    const { index } = await this.#proposals.propose(undefined, {});
    return index + 1;
  });
  /** The pids of the others. */
  readonly #peers: readonly number[];
  readonly #standings: PeerStandings;
  readonly #ending = new AbortController();
  #link: TransportLink | undefined;
  #stopTicking = () => {};
  #refusedMessages = 0;
  #compactedIdx: LogIndex;
  #end: { error: Error | undefined } | undefined;
  #stopping: Promise<void> | undefined;
  #tellStopped: (error: Error | undefined) => void = () => {};

  /** Resolves with what ended it, or with undefined after {@link stop}. Never rejects. */
  readonly stopped: Promise<Error | undefined>;

  /**
   * Opens the replica on its disk, restores the state machine from its last snapshot, and begins to talk with its peers. What
   * is decided behind the snapshot is applied from then on.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT`, also where `bootstrap` is true and the disk has a replica, or it
   *   is one of another pid; `LOST_DISK` where the disk has none and `bootstrap` is not true; `STORAGE_FAILED`, also where the
   *   snapshot cannot be read; `ENGINE_FAILED`. What the state machine's `restore` throws
   */
  static async open<C, R = void>(options: ReplicaOptions<C, R>): Promise<Replica<C, R>> {
    const checked = checkReplicaOptions(options);
    const parts = await openParts(checked);
    try {
      const replica = new Replica(checked, parts);
      await replica.#begin();
      return replica;
    } catch (error) {
      await parts.close();
      throw error;
    }
  }

  private constructor(options: CheckedReplicaOptions<C, R>, parts: ReplicaParts<C, R>) {
    const { identity } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#applier = parts.applier;
    this.#compactedIdx = parts.compactedIdx;
    this.#peers = options.peers.map(({ pid }) => pid).filter((pid) => pid !== options.server.pid);
    this.#standings = new PeerStandings(this.#peers);
    this.#proposals = new Proposals<R>({
      proposer: { replicaId: identity.replicaId, incarnation: identity.incarnation },
      maxInFlightBytes: options.maxInFlightBytes,
      resendTicks: RESEND_TICKS,
      append: (envelope) => this.#append(envelope),
    });
    this.#follow(parts.applier);
    parts.states.send = (to, note) => this.#link?.send(to, encodeNote(note));
    parts.states.hasCome = (from) => parts.runner.connected(from);
    this.stopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
  }

  #follow(applier: Applier<C, R>): void {
    applier.own = { replicaId: this.#parts.identity.replicaId, incarnation: this.#parts.identity.incarnation };
    applier.listener = (counter, index, result) => this.#proposals.applied(counter, index, result);
    this.#applier = applier;
  }

  async #begin(): Promise<void> {
    const { cluster, server, peers, group, transport, tickIntervalMs } = this.#options;
    const link = await transport.join({
      group,
      configurationId: cluster.configurationId,
      pid: server.pid,
      replicaId: this.#parts.identity.replicaId,
      peers: peers.filter(({ pid }) => pid !== server.pid),
      refusal: (pid, replicaId) => this.#parts.identity.refusal(pid, replicaId),
      connected: (pid) => {
        this.#standings.connected();
        this.#parts.states.reconnected(pid);
        this.#parts.runner.connected(pid);
      },
      disconnected: () => {},
      receive: (from, message) => this.#receive(from, message),
    });
    try {
      this.#parts.runner.start(link);
    } catch (error) {
      await link.leave();
      throw error;
    }
    this.#link = link;
    this.#stopTicking = NODE_CLOCK.every(tickIntervalMs, () => this.#tick(), TELL_TICKS);
    this.#parts.runner.stopped.then((error) => this.#endWith(error));
    this.#applyAll();
    this.#followLeadership();
  }

  // ── What it is for ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Proposes `command`, on whichever replica. Resolves once it is decided and applied here, with its index in the log and
   * what `apply` gave. It is proposed again where it may have got lost, and applied once. Several that are under way at the
   * same time may be applied in another order. Where more than `maxInFlightBytes` are under way it waits for room.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT` where it cannot be encoded; `NOT_DECIDED` where it certainly
   *   never will be, `OUTCOME_UNKNOWN` where it may be yet, as `signal` and `timeoutMs` leave it, and the end of the replica;
   *   `RECONFIGURED`; what ended the replica before
   */
  async propose(command: C, options: ProposeOptions = {}): Promise<Applied<R>> {
    const checked = checkProposeOptions(options);
    const bytes = encodeEntry(command, this.#options.commandCodec, 'command');
    if (bytes.byteLength > MAX_COMMAND_BYTES) {
      const message = `command has ${bytes.byteLength} bytes, more than ${MAX_COMMAND_BYTES}`;
      throw new ConsensusError('INVALID_ARGUMENT', message);
    }
    return this.#proposals.propose(Buffer.from(bytes), checked);
  }

  /**
   * Resolves once all that was decided anywhere before this call has been applied here: what is read from the state machine
   * then is linearizable. Gives the index that it stands at. One is under way at a time: those that are asked for meanwhile
   * share the next.
   * @throws ConsensusError as a rejection, as {@link propose}
   */
  async barrier(options: ProposeOptions = {}): Promise<LogIndex> {
    const checked = checkProposeOptions(options);
    return waitFor(
      this.#barriers.next(),
      checked,
      (how) => new ConsensusError('OUTCOME_UNKNOWN', `${how} before the barrier was reached`),
    );
  }

  /**
   * Takes a snapshot of what has been applied, and lets go of the log before it but for `keepEntries`. Gives the index that it
   * stands for. One that is under way already comes first, and so does a peer that takes the one before.
   * @throws ConsensusError as a rejection: `STORAGE_FAILED`; what the state machine's `snapshot` throws, as it is
   */
  async takeSnapshot(): Promise<LogIndex> {
    this.#refuseIfEnded();
    const { signal } = this.#ending;
    for (;;) {
      while (this.#mustKeepSnapshot)
        await sleep(BUSY_POLL_MS, undefined, { signal }).catch(() => this.#refuseIfEnded());
      const overtaken = this.#parts.states.nextInstallation;
      try {
        await this.#parts.snapshots.take(this.#applier, this.#options.keepEntries, signal);
        this.#compactedIdx = await this.#parts.storage.getCompactedIdx();
        return this.#parts.snapshots.index;
      } catch (error) {
        // A peer's state has come meanwhile, which was further.
        if (!overtaken.aborted || signal.aborted) throw asConsensusError(error);
      }
    }
  }

  /** A peer takes it, or the state machine is to be put where a peer's state is. */
  get #mustKeepSnapshot(): boolean {
    return this.#parts.states.isBusy || this.#applier.appliedIdx < accessOf(this.#parts.storage).cursor.compactedIdx;
  }

  /**
   * Has `pid` lead, and resolves once this replica has learnt that it does. Before a planned stop of a leader, so that nobody has
   * to find out by waiting. Proposals that are under way go on.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT` where `pid` is no replica, or is not connected; what ended the
   *   replica meanwhile. The reason of `signal`
   */
  async transferLeadership(pid: number, options: ReaderOptions = {}): Promise<void> {
    const { cluster, server } = this.#options;
    if (!cluster.nodes.includes(pid)) throw invalid('pid', `one of the replicas ${cluster.nodes.join(', ')}`, pid);
    this.#refuseIfEnded();
    if (pid !== server.pid && !this.#link?.isConnected(pid)) throw invalid('pid', 'a replica that is connected', pid);
    const ask = () => this.#askToLead(pid);
    ask();
    const asking = setInterval(ask, ASK_TICKS * this.#options.tickIntervalMs); // a message may be lost
    try {
      for await (const state of this.leadershipChanges(options)) {
        const leader = state.role === 'follower' ? state.leader : state.role === 'leader' ? server.pid : undefined;
        if (leader === pid) return;
      }
    } finally {
      clearInterval(asking);
    }
    this.#refuseIfEnded();
  }

  #askToLead(pid: number): void {
    if (this.#end !== undefined) return;
    if (pid === this.#options.server.pid) this.#parts.runner.tryBecomeLeader();
    else this.#link?.send(pid, encodeNote({ type: 'lead' }));
  }

  // ── What it shows ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whom this replica takes for the leader. */
  get leadership(): LeadershipState {
    return this.#parts.runner.leadership;
  }

  /** As of {@link PaxosRunner}: the current state first, then each change. */
  leadershipChanges(options: ReaderOptions = {}): AsyncIterableIterator<LeadershipState> {
    return this.#parts.runner.leadershipChanges(options);
  }

  /** Where it stands now. Costs nothing to ask. */
  status(): ReplicaStatus {
    const { cluster, server } = this.#options;
    const { decidedIdx } = this.#parts.runner;
    return {
      pid: server.pid,
      configurationId: cluster.configurationId,
      replicaId: this.#parts.identity.replicaId,
      leadership: this.leadership,
      decidedIdx,
      appliedIdx: this.#applier.appliedIdx,
      compactedIdx: this.#compactedIdx,
      snapshotIdx: this.#parts.snapshots.index,
      snapshotFailure: this.#parts.snapshots.failure,
      refusedMessages: this.#refusedMessages,
      inFlight: this.#proposals.inFlight,
      peers: this.#peers.map((pid) => ({
        pid,
        connected: this.#link?.isConnected(pid) ?? false,
        lag: this.#standings.lag(pid, decidedIdx),
        transfer: this.#parts.states.isSendingTo(pid),
      })),
    };
  }

  // ── Its end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends it, and resolves once nothing is under way; a database that it has opened is closed then. Proposals that have not
   * settled reject with `OUTCOME_UNKNOWN`.
   */
  stop(): Promise<void> {
    this.#endWith(undefined);
    return this.#stopping as Promise<void>;
  }

  /** {@link stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #endWith(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#stopTicking();
    this.#proposals.end(
      () =>
        new ConsensusError('OUTCOME_UNKNOWN', 'the replica has ended: the proposal may be decided yet', {
          cause: error,
        }),
      () => this.#ended(),
    );
    this.#ending.abort(this.#ended());
    this.#stopping = this.#closeAll();
    this.#stopping.finally(() => this.#tellStopped(error)).catch(() => {});
  }

  async #closeAll(): Promise<void> {
    await this.#link?.leave();
    await this.#parts.close();
  }

  #ended(): ConsensusError {
    const error = this.#end?.error;
    if (error instanceof ConsensusError) return error;
    return new ConsensusError('STOPPED', 'the replica has been stopped', { cause: error });
  }

  #refuseIfEnded(): void {
    if (this.#end !== undefined) throw this.#ended();
  }

  // ── What goes on in it ─────────────────────────────────────────────────────────────────────────────────────────────

  async #applyAll(): Promise<void> {
    try {
      while (await this.#applyUntilInstalled()) {
        const { stateMachine, commandCodec } = this.#options;
        this.#follow(await this.#parts.snapshots.restore(stateMachine, commandCodec));
        this.#compactedIdx = await this.#parts.storage.getCompactedIdx();
        this.#proposals.passed((counter) => this.#applier.hasApplied(counter));
      }
    } catch (error) {
      this.#endWith(asConsensusError(error) as Error); // where it ends already, this is what ended it
    }
  }

  /** True once a peer's state has taken the place of the log; false where nothing more will be decided. */
  async #applyUntilInstalled(): Promise<boolean> {
    const signal = AbortSignal.any([this.#ending.signal, this.#parts.states.nextInstallation]);
    try {
      for await (const batch of this.#parts.runner.decidedBatches(this.#applier.appliedIdx, { signal })) {
        if (!(await this.#apply(batch, signal))) return false;
      }
    } catch (error) {
      // The log may move before the state is durable.
      if (this.#parts.states.isInstalling && !signal.aborted) await once(signal, 'abort');
      if (!signal.aborted) throw error;
    }
    return !this.#ending.signal.aborted;
  }

  /** False behind the last that there will be. */
  async #apply(batch: DecidedBatch<Uint8Array>, ended: AbortSignal): Promise<boolean> {
    if ('stopsign' in batch) {
      this.#proposals.end(
        () => new ConsensusError('NOT_DECIDED', 'the configuration has ended before the proposal was decided'),
        () => new ConsensusError('RECONFIGURED', 'the configuration has ended: propose to the next one'),
      );
      return false;
    }
    await this.#applier.apply(batch.index, batch.entries, ended);
    if (ended.aborted) return true; // the reader says what to do
    const { snapshotEveryEntries, snapshotEveryBytes } = this.#options;
    const { entries, bytes } = this.#applier.behind(this.#parts.snapshots.lastTriedAt);
    if (entries >= snapshotEveryEntries || bytes >= snapshotEveryBytes) {
      if (!this.#parts.snapshots.isTaking && !this.#mustKeepSnapshot) this.takeSnapshot().catch(() => {}); // status() tells
    }
    return true;
  }

  async #followLeadership(): Promise<void> {
    const { signal } = this.#ending;
    try {
      for await (const state of this.#parts.runner.leadershipChanges({ signal })) {
        this.#proposals.ledUnder('epoch' in state ? state.epoch : undefined);
      }
    } catch {
      // It has ended.
    }
  }

  #append(envelope: Buffer): boolean {
    try {
      this.#parts.runner.append(envelope);
      return true;
    } catch (error) {
      // A stop-sign may still come to nothing; what has ended tells those who wait itself.
      if (error instanceof ConsensusError && error.code !== 'INVALID_ARGUMENT') return false;
      throw error;
    }
  }

  #receive(from: number, message: Uint8Array): void {
    if (this.#end !== undefined) return;
    try {
      if (isNote(message)) this.#heed(from, decodeNote(message));
      else this.#parts.runner.handleIncoming(from, message);
    } catch {
      this.#refusedMessages++;
    }
  }

  #heed(from: number, note: Note): void {
    if (note.type === 'lead') this.#parts.runner.tryBecomeLeader();
    else if (note.type === 'standing') {
      this.#standings.tell(from, note.decidedIdx);
      this.#parts.states.told(from, note.decidedIdx);
    } else this.#parts.states.heed(from, note);
  }

  #tick(): void {
    this.#proposals.tick();
    const { decidedIdx } = this.#parts.runner;
    this.#parts.states.tick(decidedIdx);
    if (!this.#standings.isToTell(decidedIdx)) return;
    const note = encodeNote({ type: 'standing', decidedIdx });
    for (const pid of this.#peers) this.#link?.send(pid, note);
  }
}
