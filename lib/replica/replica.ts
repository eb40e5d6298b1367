import { once } from 'node:events';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Database, RocksError } from '../../binding/index.js';
import { NODE_CLOCK } from '../consensus/clock.js';
import { checkRecord, invalid } from '../consensus/configuration.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import type { DecidedBatch } from '../consensus/decided-reader.js';
import { encodeEntry, MAX_BYTES } from '../consensus/entry-bytes.js';
import type { LeadershipState } from '../consensus/leadership.js';
import { PaxosRunner, type ReaderOptions } from '../consensus/paxos-runner.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { rawCodec } from '../format/raw-codec.js';
import { AsyncRocksdbStorage } from '../log/index.js';
import { accessOf } from '../log/storage-methods.js';
import { SnapshotStore } from '../snapshots/index.js';
import type { TransportLink } from '../transport/transport.js';
import type { Applier } from './applier.js';
import { HEAD_BYTES } from './envelope.js';
import { IDENTITIES, Identity } from './identity.js';
import { decodeNote, encodeNote, isNote, type Note } from './notes.js';
import { PeerStandings } from './peer-standings.js';
import { type Applied, Proposals, type ProposeOptions } from './proposals.js';
import { type CheckedReplicaOptions, checkReplicaOptions, type ReplicaOptions } from './replica-options.js';
import { Snapshots } from './snapshots.js';
import { StateTransfer } from './state-transfer.js';

const SNAPSHOTS = 'snapshots';
/** Of the engine's default. */
const RESEND_TICKS = 100;
/** How often peers are told how far this replica is. */
const TELL_TICKS = 10;
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
  readonly #database: Database;
  readonly #storage: AsyncRocksdbStorage<Uint8Array>;
  readonly #identity: Identity;
  readonly #runner: PaxosRunner<Uint8Array>;
  /** Another one once a peer's state has come. */
  #applier: Applier<C, R>;
  readonly #proposals: Proposals<R>;
  readonly #snapshots: Snapshots;
  readonly #states: StateTransfer;
  readonly #standings: PeerStandings;
  readonly #ending = new AbortController();
  #link: TransportLink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #refusedMessages = 0;
  #compactedIdx: LogIndex;
  #barrier: Promise<LogIndex> | undefined;
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
    const database = await openDatabase(checked.path);
    const opened: (() => Promise<unknown>)[] = [];
    if (typeof checked.path === 'string') opened.push(() => database.close());
    try {
      const { group, cluster, server, bootstrap } = checked;
      const log = `log.${group}.${cluster.configurationId}`;
      await createMissing(database, [IDENTITIES, SNAPSHOTS, log]);
      const identity = await Identity.open(database, group, server.pid, bootstrap);
      const storage = await AsyncRocksdbStorage.openIn<Uint8Array>(database, log, { entryCodec: rawCodec });
      opened.push(() => storage.close());
      // Before it has spoken, what is there is what an earlier attempt has left.
      const isFirst = !identity.hasSpoken && (await storage.getPromise()) === undefined;
      const store = await SnapshotStore.openIn(database, SNAPSHOTS);
      const snapshots = new Snapshots(store, storage, group);
      const states = new StateTransfer(store, group, () => (snapshots.isTaking ? undefined : snapshots.current));
      await states.open();
      const runnerOptions = {
        cluster,
        server,
        storage,
        peers: checked.peers,
        tickIntervalMs: checked.tickIntervalMs,
        bootstrap: isFirst,
        entryCodec: rawCodec,
        earlyRelease: checked.earlyRelease,
      };
      const runner = await PaxosRunner.openOn<Uint8Array>(NODE_CLOCK, runnerOptions, {}, states);
      opened.push(() => runner.stop());
      const applier = await snapshots.restore(checked.stateMachine, checked.commandCodec);
      const compactedIdx = await storage.getCompactedIdx();
      await identity.speaks();
      const replica = new Replica(checked, {
        database,
        storage,
        identity,
        runner,
        snapshots,
        states,
        applier,
        compactedIdx,
      });
      await replica.#begin();
      return replica;
    } catch (error) {
      for (const close of opened.reverse()) await close().catch(() => {});
      throw asConsensusError(error);
    }
  }

  private constructor(
    options: CheckedReplicaOptions<C, R>,
    parts: {
      database: Database;
      storage: AsyncRocksdbStorage<Uint8Array>;
      identity: Identity;
      runner: PaxosRunner<Uint8Array>;
      snapshots: Snapshots;
      states: StateTransfer;
      applier: Applier<C, R>;
      compactedIdx: LogIndex;
    },
  ) {
    const { identity, runner, applier } = parts;
    this.#options = options;
    this.#database = parts.database;
    this.#storage = parts.storage;
    this.#identity = identity;
    this.#runner = runner;
    this.#snapshots = parts.snapshots;
    this.#states = parts.states;
    this.#applier = applier;
    this.#compactedIdx = parts.compactedIdx;
    const others = options.peers.filter(({ pid }) => pid !== options.server.pid);
    this.#standings = new PeerStandings(others.map(({ pid }) => pid));
    this.#proposals = new Proposals<R>({
      proposer: { replicaId: identity.replicaId, incarnation: identity.incarnation },
      maxInFlightBytes: options.maxInFlightBytes,
      resendTicks: RESEND_TICKS,
      append: (envelope) => this.#append(envelope),
    });
    this.#follow(applier);
    this.#states.send = (to, note) => this.#link?.send(to, encodeNote(note));
    this.#states.hasCome = (from) => this.#runner.connected(from);
    this.stopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
  }

  #follow(applier: Applier<C, R>): void {
    applier.own = { replicaId: this.#identity.replicaId, incarnation: this.#identity.incarnation };
    applier.listener = (counter, index, result) => this.#proposals.applied(counter, index, result);
    this.#applier = applier;
  }

  async #begin(): Promise<void> {
    const { cluster, server, peers, group, transport, tickIntervalMs } = this.#options;
    const link = await transport.join({
      group,
      configurationId: cluster.configurationId,
      pid: server.pid,
      replicaId: this.#identity.replicaId,
      peers: peers.filter(({ pid }) => pid !== server.pid),
      refusal: (pid, replicaId) => this.#identity.refusal(pid, replicaId),
      connected: (pid) => this.#runner.connected(pid),
      disconnected: () => {},
      receive: (from, message) => this.#receive(from, message),
    });
    try {
      this.#runner.start(link);
    } catch (error) {
      await link.leave();
      throw error;
    }
    this.#link = link;
    this.#timer = setInterval(() => this.#tick(), tickIntervalMs);
    this.#runner.stopped.then((error) => this.#endWith(error));
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
   * then is linearizable. Gives the index that it stands at. Barriers that are asked for together share one proposal.
   * @throws ConsensusError as a rejection, as {@link propose}
   */
  async barrier(options: ProposeOptions = {}): Promise<LogIndex> {
    const checked = checkProposeOptions(options);
    if (checked.signal !== undefined || checked.timeoutMs !== undefined) return this.#proposeNothing(checked);
    this.#barrier ??= setImmediate().then(() => {
      this.#barrier = undefined; // who asks from here on may have seen more
      return this.#proposeNothing({});
    });
    return this.#barrier;
  }

  async #proposeNothing(options: ProposeOptions): Promise<LogIndex> {
    const { index } = await this.#proposals.propose(undefined, options);
    return index + 1;
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
      const overtaken = this.#states.nextInstallation;
      try {
        await this.#snapshots.take(this.#applier, this.#options.keepEntries, signal);
        this.#compactedIdx = await this.#storage.getCompactedIdx();
        return this.#snapshots.index;
      } catch (error) {
        // A peer's state has come meanwhile, which was further.
        if (!overtaken.aborted || signal.aborted) throw asConsensusError(error);
      }
    }
  }

  /** A peer takes it, or the state machine is to be put where a peer's state is. */
  get #mustKeepSnapshot(): boolean {
    return this.#states.isBusy || this.#applier.appliedIdx < accessOf(this.#storage).cursor.compactedIdx;
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
    if (pid === this.#options.server.pid) this.#runner.tryBecomeLeader();
    else this.#link?.send(pid, encodeNote({ type: 'lead' }));
  }

  // ── What it shows ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whom this replica takes for the leader. */
  get leadership(): LeadershipState {
    return this.#runner.leadership;
  }

  /** As of {@link PaxosRunner}: the current state first, then each change. */
  leadershipChanges(options: ReaderOptions = {}): AsyncIterableIterator<LeadershipState> {
    return this.#runner.leadershipChanges(options);
  }

  /** Where it stands now. Costs nothing to ask. */
  status(): ReplicaStatus {
    const { cluster, server, peers } = this.#options;
    const { decidedIdx } = this.#runner;
    return {
      pid: server.pid,
      configurationId: cluster.configurationId,
      replicaId: this.#identity.replicaId,
      leadership: this.leadership,
      decidedIdx,
      appliedIdx: this.#applier.appliedIdx,
      compactedIdx: this.#compactedIdx,
      snapshotIdx: this.#snapshots.index,
      snapshotFailure: this.#snapshots.failure,
      refusedMessages: this.#refusedMessages,
      inFlight: this.#proposals.inFlight,
      peers: peers
        .filter(({ pid }) => pid !== server.pid)
        .map(({ pid }) => ({
          pid,
          connected: this.#link?.isConnected(pid) ?? false,
          lag: this.#standings.lag(pid, decidedIdx),
          transfer: this.#states.isSendingTo(pid),
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
    clearInterval(this.#timer);
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

  /** What has failed already must not keep the rest open. */
  async #closeAll(): Promise<void> {
    const parts = [
      () => this.#link?.leave(),
      () => this.#states.close(),
      () => this.#runner.stop(),
      () => this.#snapshots.idle(),
      () => this.#storage.close(),
      () => typeof this.#options.path === 'string' && this.#database.close(),
    ];
    for (const close of parts) {
      try {
        await close();
      } catch (error) {
        if (this.#end?.error === undefined) this.#end = { error: error as Error };
      }
    }
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
        this.#follow(await this.#snapshots.restore(stateMachine, commandCodec));
        this.#compactedIdx = await this.#storage.getCompactedIdx();
        this.#proposals.passed((counter) => this.#applier.hasApplied(counter));
      }
    } catch (error) {
      this.#endWith(asConsensusError(error) as Error); // where it ends already, this is what ended it
    }
  }

  /** True once a peer's state has taken the place of the log; false where nothing more will be decided. */
  async #applyUntilInstalled(): Promise<boolean> {
    const signal = AbortSignal.any([this.#ending.signal, this.#states.nextInstallation]);
    try {
      for await (const batch of this.#runner.decidedBatches(this.#applier.appliedIdx, { signal })) {
        if (!(await this.#apply(batch, signal))) return false;
      }
    } catch (error) {
      // The log may move before the state is durable.
      if (this.#states.isInstalling && !signal.aborted) await once(signal, 'abort');
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
    const { entries, bytes } = this.#applier.behind(this.#snapshots.lastTriedAt);
    if (entries >= snapshotEveryEntries || bytes >= snapshotEveryBytes) {
      if (!this.#snapshots.isTaking && !this.#mustKeepSnapshot) this.takeSnapshot().catch(() => {}); // status() tells
    }
    return true;
  }

  async #followLeadership(): Promise<void> {
    const { signal } = this.#ending;
    try {
      for await (const state of this.#runner.leadershipChanges({ signal })) {
        this.#proposals.ledUnder('epoch' in state ? state.epoch : undefined);
      }
    } catch {
      // It has ended.
    }
  }

  #append(envelope: Buffer): boolean {
    try {
      this.#runner.append(envelope);
      return true;
    } catch (error) {
      // A stop-sign may still come to nothing; what has ended tells those who wait itself.
      if (error instanceof ConsensusError && error.code !== 'INVALID_ARGUMENT') return false;
      throw error;
    }
  }

  #receive(from: number, message: Uint8Array): void {
    if (this.#end !== undefined) return;
    if (isNote(message)) {
      const note = decodeNote(message);
      if (note === undefined) this.#refusedMessages++;
      else this.#heed(from, note);
      return;
    }
    try {
      this.#runner.handleIncoming(from, message);
    } catch {
      this.#refusedMessages++;
    }
  }

  #heed(from: number, note: Note): void {
    if (note.type === 'lead') this.#runner.tryBecomeLeader();
    else if (note.type === 'standing') {
      this.#standings.tell(from, note.decidedIdx);
      this.#states.told(from, note.decidedIdx);
    } else this.#states.heed(from, note);
  }

  #tick(): void {
    this.#proposals.tick();
    this.#states.tick(this.#runner.decidedIdx);
    if (++this.#ticks % TELL_TICKS !== 0) return;
    const note = encodeNote({ type: 'standing', decidedIdx: this.#runner.decidedIdx });
    for (const { pid } of this.#options.peers) if (pid !== this.#options.server.pid) this.#link?.send(pid, note);
  }
}

async function openDatabase(path: string | Database): Promise<Database> {
  return typeof path === 'string' ? Database.open(path) : path;
}

/** Replicas of several groups may open at once. */
async function createMissing(database: Database, names: readonly string[]): Promise<void> {
  const missing = names.filter((name) => !database.columnFamilies.includes(name));
  await Promise.all(
    missing.map((name) =>
      database.createColumnFamily(name).catch((error) => {
        if (!database.columnFamilies.includes(name)) throw error;
      }),
    ),
  );
}

/** What the disk refuses with. Errors of the state machine stay as they are. */
function asConsensusError(error: unknown): unknown {
  if (!(error instanceof RocksError || error instanceof StorageError)) return error;
  return new ConsensusError('STORAGE_FAILED', `the disk of the replica has failed: ${error.message}`, { cause: error });
}

function checkProposeOptions(options: ProposeOptions): ProposeOptions {
  const { signal, timeoutMs } = checkRecord<ProposeOptions>('options', options, ['signal', 'timeoutMs']);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid('options.signal', 'an AbortSignal', signal);
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
    throw invalid('options.timeoutMs', 'milliseconds, from 0 to 2^31 - 1', timeoutMs);
  }
  return { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
}
