import { types } from 'node:util';
import { NODE_CLOCK } from '../consensus/clock.js';
import { checkRecord, checkSignal, invalid } from '../consensus/configuration.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import { encodeEntry, MAX_BYTES } from '../consensus/entry-bytes.js';
import type { LeadershipState } from '../consensus/leadership.js';
import { LeadershipWatch } from '../consensus/leadership-watch.js';
import { checkReaderOptions, type ReaderOptions } from '../consensus/paxos-runner.js';
import type { Peer } from '../consensus/runner-options.js';
import type { LogIndex } from '../contract/storage.js';
import { type Backup, backupOf } from './backup.js';
import { Barriers } from './barriers.js';
import { HEAD_BYTES } from './envelope.js';
import { TELL_TICKS } from './peer-standings.js';
import { type Applied, checkProposeOptions, Proposals, type ProposeOptions, waitFor } from './proposals.js';
import { type ReconfigureOptions, reconfigure } from './reconfigure.js';
import { asConsensusError, ReplicaDisk } from './replica-disk.js';
import { type CheckedReplicaOptions, checkReplicaOptions, type ReplicaOptions } from './replica-options.js';
import type { PeerStatus } from './running-configuration.js';
import { Succession } from './succession.js';

/** Of the engine's default. */
const RESEND_TICKS = 100;
/** Longer than an election takes. */
const ASK_TICKS = 50;
const MAX_COMMAND_BYTES = MAX_BYTES - HEAD_BYTES;

/** Where a replica stands, as {@link Replica.status} gives it. */
export interface ReplicaStatus {
  /** Of this replica. */
  pid: number;
  /** Of the configuration that it is a member of; 0 where it waits to become one. */
  configurationId: number;
  /** What {@link Replica.reconfigure} was given for this configuration. */
  metadata: Buffer | undefined;
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
  /**
   * Why the last snapshot cannot be read; undefined where it can, as far as is known. A replica that finds it so when it is
   * opened takes no part, and waits for the state of a peer, which takes its place; one that runs takes another.
   */
  snapshotDamage: ConsensusError | undefined;
  /** Messages of peers that were refused as malformed. */
  refusedMessages: number;
  /** Proposals of this replica that have not settled. */
  inFlight: { proposals: number; bytes: number };
  /** The other members of the configuration. */
  peers: PeerStatus[];
}

/**
 * A state machine that is the same on all replicas of a configuration. What {@link propose} resolves for is decided,
 * durable on a majority, and applied here; it is applied once, on every replica, whatever is lost or restarted meanwhile.
 *
 * Where the disk fails, or the state machine throws, the replica stops: {@link stopped} resolves with the reason.
 */
export class Replica<C, R = void> implements AsyncDisposable {
  readonly #options: CheckedReplicaOptions<C, R>;
  readonly #disk: ReplicaDisk;
  readonly #succession: Succession<C, R>;
  readonly #proposals: Proposals<R>;
  readonly #leadership = new LeadershipWatch();
  readonly #barriers = new Barriers(async () => {
    const { index } = await this.#proposals.propose(undefined, {});
    return index + 1;
  });
  readonly #ending = new AbortController();
  #stopTicking = () => {};
  #isReconfiguring = false;
  #end: { error: Error | undefined } | undefined;
  #stopping: Promise<void> | undefined;
  #tellStopped: (error: Error | undefined) => void = () => {};

  /** Resolves with what ended it, or with undefined after {@link stop}. Never rejects. */
  readonly stopped: Promise<Error | undefined>;

  /**
   * Opens the replica on its disk, restores the state machine from its last snapshot, and begins to talk with its peers. What
   * is decided behind the snapshot is applied from then on. Where the snapshot is damaged, the replica waits for the state of a
   * peer before it takes part again: {@link ReplicaStatus.snapshotDamage} says so.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT`, also where `bootstrap` or `join` is true and the disk has a
   *   replica, or it is one of another pid; `LOST_DISK` where the disk has none and neither is true; `STORAGE_FAILED`;
   *   `ENGINE_FAILED`. What the state machine's `restore` throws
   */
  static async open<C, R = void>(options: ReplicaOptions<C, R>): Promise<Replica<C, R>> {
    const checked = checkReplicaOptions(options);
    let disk: ReplicaDisk | undefined;
    try {
      disk = await ReplicaDisk.open(checked);
      const replica = new Replica(checked, disk);
      await replica.#begin();
      return replica;
    } catch (error) {
      await disk?.close();
      throw asConsensusError(error);
    }
  }

  private constructor(options: CheckedReplicaOptions<C, R>, disk: ReplicaDisk) {
    const { replicaId, incarnation } = disk.identity;
    this.#options = options;
    this.#disk = disk;
    this.#proposals = new Proposals<R>({
      proposer: { replicaId, incarnation },
      maxInFlightBytes: options.maxInFlightBytes,
      resendTicks: RESEND_TICKS,
      append: (envelope) => this.#succession.running?.append(envelope) ?? false,
    });
    this.#succession = new Succession(disk, options, {
      proposals: this.#proposals,
      leadership: this.#leadership,
      ending: this.#ending.signal,
      ended: (error) => this.#endWith(error),
    });
    this.stopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
  }

  async #begin(): Promise<void> {
    try {
      await this.#succession.begin();
    } catch (error) {
      await this.#succession.close();
      throw error;
    }
    this.#stopTicking = NODE_CLOCK.every(this.#options.tickIntervalMs, () => this.#tick(), TELL_TICKS);
    this.#succession.live();
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
   * stands for. One that is under way already comes first, and so does a peer that takes the one before, or gives one to this
   * replica. A replica that waits to become a member takes it once it is one.
   * @throws ConsensusError as a rejection: `STORAGE_FAILED`; what the state machine's `snapshot` throws, as it is
   */
  async takeSnapshot(): Promise<LogIndex> {
    this.#refuseIfEnded();
    try {
      return await this.#succession.takeSnapshot();
    } catch (error) {
      this.#refuseIfEnded();
      throw asConsensusError(error);
    }
  }

  /**
   * The last snapshot as a stream, which is read while the replica goes on; where there is none yet, one is taken. Another group
   * can begin with it: `backup` of {@link ReplicaOptions}. {@link takeSnapshot} before makes it of now. Read it to its end, or
   * destroy it.
   * @throws ConsensusError as a rejection, as {@link takeSnapshot}; the stream fails where a byte cannot be read
   */
  async backup(): Promise<Backup> {
    this.#refuseIfEnded();
    if (this.#disk.snapshots.current === undefined) await this.takeSnapshot();
    try {
      return await backupOf(this.#disk.store, this.#disk.group);
    } catch (error) {
      throw asConsensusError(error);
    }
  }

  /**
   * Has `pid` lead, and resolves once this replica has learnt that it does. Before a planned stop of a leader, so that nobody has
   * to find out by waiting. Proposals that are under way go on.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT` where `pid` is no replica, or is not connected; what ended the
   *   replica meanwhile. The reason of `signal`
   */
  async transferLeadership(pid: number, options: ReaderOptions = {}): Promise<void> {
    this.#refuseIfEnded();
    const own = this.#options.pid;
    const peers = this.#succession.running?.peers ?? [];
    if (pid !== own && !peers.includes(pid))
      throw invalid('pid', `one of the replicas ${[own, ...peers].join(', ')}`, pid);
    if (pid !== own && !this.#succession.running?.isConnected(pid)) {
      throw invalid('pid', 'a replica that is connected', pid);
    }
    const ask = () => this.#askToLead(pid);
    ask();
    const asking = setInterval(ask, ASK_TICKS * this.#options.tickIntervalMs); // a message may be lost
    try {
      for await (const state of this.leadershipChanges(options)) {
        const leader = state.role === 'follower' ? state.leader : state.role === 'leader' ? own : undefined;
        if (leader === pid) return;
      }
    } finally {
      clearInterval(asking);
    }
    this.#refuseIfEnded();
  }

  #askToLead(pid: number): void {
    if (this.#end !== undefined) return;
    if (pid === this.#options.pid) this.#succession.running?.runner.tryBecomeLeader();
    else this.#succession.running?.send(pid, { type: 'lead' });
  }

  /**
   * Makes `peers` the members of the group, in a new configuration: all that is decided stays, proposals that are under way go
   * on, and indices go on rising. Resolves once it is decided, here: the members of both configurations, who must be more than
   * half of the new one, go on at once. A member that is new was opened with `join: true` before, and takes the state from
   * another. One that is left out ends, with `RECONFIGURED`; neither it nor its pid ever comes back. An endpoint may change.
   * @throws ConsensusError as a rejection: `INVALID_ARGUMENT`, also where a new member does not answer, or a member of both
   *   has never been met; `PENDING_RECONFIGURATION` where one is under way here, or this replica is no member;
   *   `RECONFIGURED` where another came first; `NOT_DECIDED` where `signal` was aborted before it was proposed,
   *   `OUTCOME_UNKNOWN` where behind that; what ended the replica
   */
  async reconfigure(peers: readonly Peer[], options: ReconfigureOptions = {}): Promise<void> {
    const { metadata, signal } = checkRecord<ReconfigureOptions>('options', options, ['metadata', 'signal']);
    checkSignal(signal);
    if (metadata !== undefined && !types.isUint8Array(metadata))
      throw invalid('options.metadata', 'a Uint8Array', metadata);
    this.#refuseIfEnded();
    if (this.#isReconfiguring) {
      throw new ConsensusError('PENDING_RECONFIGURATION', 'a reconfiguration is under way here: wait for its end');
    }
    this.#isReconfiguring = true;
    try {
      const ending = this.#ending.signal;
      await reconfigure(this.#disk, this.#options, this.#succession, { peers, metadata, signal, ending });
    } finally {
      this.#isReconfiguring = false;
    }
  }

  // ── What it shows ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whom this replica takes for the leader. */
  get leadership(): LeadershipState {
    return this.#succession.running?.runner.leadership ?? { role: 'unknown' };
  }

  /**
   * The current state first, then each change; a slow reader sees the latest only. It goes on across configurations, and ends
   * with the replica: it throws what ended it. Any number of readers.
   */
  leadershipChanges(options: ReaderOptions = {}): AsyncIterableIterator<LeadershipState> {
    return this.#leadership.read(checkReaderOptions(options).signal);
  }

  /** Where it stands now. Costs nothing to ask. */
  status(): ReplicaStatus {
    const { identity, snapshots } = this.#disk;
    const { configuration } = identity;
    const { running } = this.#succession;
    return {
      pid: this.#options.pid,
      configurationId: configuration?.configurationId ?? 0,
      metadata: configuration?.metadata === undefined ? undefined : Buffer.from(configuration.metadata, 'base64'),
      replicaId: identity.replicaId,
      leadership: this.leadership,
      decidedIdx: running?.runner.decidedIdx ?? this.#succession.appliedIdx,
      appliedIdx: this.#succession.appliedIdx,
      compactedIdx: running?.compactedIdx ?? configuration?.begin ?? 0,
      snapshotIdx: snapshots.index,
      snapshotFailure: snapshots.failure,
      snapshotDamage: snapshots.damage,
      refusedMessages: this.#succession.refusedMessages,
      inFlight: this.#proposals.inFlight,
      peers: running?.peerStatus() ?? [],
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
    this.#leadership.end(error);
    this.#stopping = this.#closeAll();
    this.#stopping.finally(() => this.#tellStopped(error)).catch(() => {});
  }

  async #closeAll(): Promise<void> {
    await this.#succession.close();
    await this.#disk.close();
  }

  #ended(): ConsensusError {
    const error = this.#end?.error;
    if (error instanceof ConsensusError) return error;
    return new ConsensusError('STOPPED', 'the replica has been stopped', { cause: error });
  }

  #refuseIfEnded(): void {
    if (this.#end !== undefined) throw this.#ended();
  }

  #tick(): void {
    this.#proposals.tick();
    this.#succession.tick();
  }
}
