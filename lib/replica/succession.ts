// The configurations of a replica, one after the other, and what they decide, applied in order. One runs; the one before may
// still run beside it, for peers that lag; and where one has begun without this replica, its beginning is sought.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Changes } from '../consensus/changes.js';
import { ConsensusError, messageOf } from '../consensus/consensus-error.js';
import type { LeadershipWatch } from '../consensus/leadership-watch.js';
import type { Peer } from '../consensus/runner-options.js';
import type { LogIndex, StopSign } from '../contract/storage.js';
import type { Applier } from './applier.js';
import { type Configuration, configurationBehind } from './configurations.js';
import { Newcomer, peersOf } from './newcomer.js';
import type { Proposals } from './proposals.js';
import { asConsensusError, type ReplicaDisk } from './replica-disk.js';
import type { CheckedReplicaOptions } from './replica-options.js';
import { RunningConfiguration } from './running-configuration.js';
import { DamagedSnapshot } from './snapshots.js';

const BUSY_POLL_MS = 20;
/** How long a later configuration, of which peers speak, may take to come by the log. */
const PATIENCE_TICKS = 50;
/** How long one that has ended runs on for peers that have not told that they run the next. */
const RETIRE_TICKS = 500;
/** Between two attempts to take a snapshot in the place of one that is damaged. */
const REPLACE_TICKS = 50;
/** How long a replica that is no member any more stays, so that the others hear of the end from it. */
const LEAVE_TICKS = 50;

export interface SuccessionOwner<R> {
  readonly proposals: Proposals<R>;
  readonly leadership: LeadershipWatch;
  /** Aborted once the replica ends. */
  readonly ending: AbortSignal;
  /** It must end. */
  ended(error: Error): void;
}

export class Succession<C, R> {
  readonly #disk: ReplicaDisk;
  readonly #options: CheckedReplicaOptions<C, R>;
  readonly #owner: SuccessionOwner<R>;
  readonly #changes = new Changes();
  /** Another one once a peer's state has come; undefined before the first. */
  #applier: Applier<C, R> | undefined;
  #running: RunningConfiguration | undefined;
  #retiring: RunningConfiguration | undefined;
  #newcomer: Newcomer | undefined;
  /** Aborted once a state has come with which a configuration can begin here. */
  #arrival = new AbortController();
  /** The last of which others speak, and one of them. */
  #later: { replica: Peer; configurationId: number } | undefined;
  #laterTicks = 0;
  #retiringTicks = 0;
  #damagedTicks = 0;
  #leaving: { error: ConsensusError; ticks: number } | undefined;
  #forgetting: Promise<void> | undefined;
  #living: Promise<void> | undefined;
  /** Of the last configuration that was decided here, with or without this replica. */
  #lastDecided: Configuration | undefined;

  constructor(disk: ReplicaDisk, options: CheckedReplicaOptions<C, R>, owner: SuccessionOwner<R>) {
    this.#disk = disk;
    this.#options = options;
    this.#owner = owner;
  }

  /** @throws ConsensusError; what the state machine's `restore` throws; StorageError, RocksError */
  async begin(): Promise<void> {
    try {
      const applier = await this.#disk.restoreAtStart(this.#options);
      if (applier === undefined) return await this.#waitForMembership();
      this.#follow(applier);
    } catch (error) {
      if (!(error instanceof DamagedSnapshot)) throw error;
      return this.#awaitState(error);
    }
    await this.#run(this.#options);
  }

  async #waitForMembership(): Promise<void> {
    this.#newcomer = this.#createNewcomer();
    await this.#newcomer.wait();
  }

  /**
   * A peer's state is to take the place of the snapshot, as it does where a configuration has begun without this replica. No
   * engine runs meanwhile. It might: all that was promised and accepted is on the disk, and the log goes on from where it begins.
   * But it could not give to a peer what the log has no longer, as one that votes must. Silent, it breaks no promise either.
   */
  async #awaitState(damage: DamagedSnapshot): Promise<void> {
    const { identity } = this.#disk;
    if (identity.configuration === undefined) return this.#waitForMembership();
    await this.#disk.discardDamaged(damage);
    this.#newcomer = this.#createNewcomer();
    await this.#newcomer.seekOwn(identity.configuration.configurationId, await this.#disk.floor());
  }

  // ── What it shows ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Undefined between two, and where it waits for the first. */
  get running(): RunningConfiguration | undefined {
    return this.#running;
  }

  /** The last configuration that has been decided, also where this replica is no member of it. */
  get lastDecided(): Configuration | undefined {
    return this.#lastDecided ?? this.#disk.identity.configuration;
  }

  /** Resolves at the next configuration, or when `signal` is aborted. */
  next(signal: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }

  get appliedIdx(): LogIndex {
    return this.#applier?.appliedIdx ?? 0;
  }

  get refusedMessages(): number {
    return (this.#running?.refusedMessages ?? 0) + (this.#retiring?.refusedMessages ?? 0);
  }

  // ── What drives it ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Applies what is decided until the replica ends. Failures are told to the owner. */
  live(): void {
    this.#living = this.#live();
  }

  async #live(): Promise<void> {
    const { ending } = this.#owner;
    try {
      while (!ending.aborted && this.#leaving === undefined) {
        await this.#liveOn().catch((error) => this.#beginAnew(error));
      }
    } catch (error) {
      this.#owner.ended(asConsensusError(error) as Error); // where it ends already, this is what ended it
    }
  }

  async #liveOn(): Promise<void> {
    const { ending } = this.#owner;
    const running = this.#running;
    if (running === undefined) await aborted(AbortSignal.any([ending, this.#arrival.signal]));
    else await this.#applyFrom(running);
    if (!ending.aborted && this.#arrival.signal.aborted) await this.#adopt();
  }

  /** What has come from a peer cannot be read any more. */
  async #beginAnew(error: unknown): Promise<void> {
    if (!(error instanceof DamagedSnapshot) || this.#owner.ending.aborted) throw error;
    await this.#closeRunning();
    await this.#endSearch();
    await this.#awaitState(error);
  }

  tick(): void {
    this.#running?.tick();
    this.#retiring?.tick();
    this.#newcomer?.tick();
    if (this.#leaving !== undefined && --this.#leaving.ticks <= 0) this.#owner.ended(this.#leaving.error);
    this.#seekLater();
    this.#forgetInTime();
    this.#replaceDamaged();
  }

  /** Resolves once nothing is under way. The owner is ending. */
  async close(): Promise<void> {
    await this.#living;
    await this.#forgetting?.catch(() => {}); // told to who takes the snapshot
    await this.#newcomer?.close();
    await this.#retiring?.close();
    await this.#running?.close();
  }

  // ── Applying ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Until it ends, or the state of a peer takes the place of the log. */
  async #applyFrom(running: RunningConfiguration): Promise<void> {
    const { nextInstallation } = running.states;
    const signal = AbortSignal.any([this.#owner.ending, nextInstallation, this.#arrival.signal]);
    try {
      for await (const batch of running.runner.decidedBatches(this.appliedIdx, { signal })) {
        if ('stopsign' in batch) {
          await this.#moveBehind(batch.index, batch.stopsign);
          return;
        }
        await this.#apply(batch, signal);
      }
    } catch (error) {
      // The log may move before the state is durable.
      if (running.states.isInstalling && !signal.aborted) await once(signal, 'abort');
      if (!signal.aborted) throw error;
    }
    if (!this.#owner.ending.aborted && nextInstallation.aborted) await this.#goOnFromSnapshot();
  }

  async #apply({ index, entries }: { index: LogIndex; entries: Uint8Array[] }, ended: AbortSignal): Promise<void> {
    const applier = this.#applier as Applier<C, R>;
    await applier.apply(index, entries, ended);
    if (ended.aborted) return; // the reader says what to do
    const { snapshotEveryEntries, snapshotEveryBytes } = this.#options;
    const behind = applier.behind(this.#disk.snapshots.lastTriedAt);
    if (behind.entries < snapshotEveryEntries && behind.bytes < snapshotEveryBytes) return;
    this.#takeSnapshotIfFree();
  }

  #follow(applier: Applier<C, R>): void {
    const { replicaId, incarnation } = this.#disk.identity;
    applier.own = { replicaId, incarnation };
    applier.listener = (counter, index, result) => this.#owner.proposals.applied(counter, index, result);
    this.#applier = applier;
  }

  /** The snapshot has come from a peer. */
  async #goOnFromSnapshot(): Promise<void> {
    const applier = (await this.#disk.restore(this.#options)) as Applier<C, R>;
    this.#follow(applier);
    await this.#running?.compacted();
    this.#owner.proposals.passed((counter) => applier.hasApplied(counter));
  }

  // ── Snapshots ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** As of {@link Replica.takeSnapshot}. */
  async takeSnapshot(): Promise<LogIndex> {
    const { snapshots } = this.#disk;
    const signal = this.#owner.ending;
    for (;;) {
      while (this.#mustKeepSnapshot) await sleep(BUSY_POLL_MS, undefined, { signal });
      const running = this.#running as RunningConfiguration;
      const overtaken = running.states.nextInstallation;
      try {
        await snapshots.take(this.#applier as Applier<C, R>, running.log, this.#options.keepEntries, signal);
        await running.compacted();
        await this.#forgetCovered();
        return snapshots.index;
      } catch (error) {
        // A peer's state has come meanwhile, which was further, or the next configuration.
        if (signal.aborted || (!overtaken.aborted && this.#running === running)) throw error;
      }
    }
  }

  /** Its failure is told by the status. */
  #takeSnapshotIfFree(): void {
    if (!this.#disk.snapshots.isTaking && !this.#mustKeepSnapshot) this.takeSnapshot().catch(() => {});
  }

  /** What it was taken of is in the state machine. */
  #replaceDamaged(): void {
    if (this.#disk.snapshots.damage === undefined) this.#damagedTicks = 0;
    else if (this.#running !== undefined && this.#damagedTicks++ % REPLACE_TICKS === 0) this.#takeSnapshotIfFree();
  }

  /** A peer takes it, or the state machine is to be put where a peer's state is. */
  get #mustKeepSnapshot(): boolean {
    const running = this.#running;
    if (running === undefined || this.#newcomer?.isSeeking) return true;
    return running.states.isBusy || this.appliedIdx < running.floor;
  }

  // ── One configuration after the other ──────────────────────────────────────────────────────────────────────────────

  /** On the current one of the disk. Endpoints that were given at the start are newer than what the disk has. */
  async #run({ peers }: Pick<CheckedReplicaOptions<C, R>, 'peers'>): Promise<void> {
    const running = await RunningConfiguration.open(this.#disk, { ...this.#options, peers });
    running.states.isNeeded = (least) => {
      if (this.#running === running && this.appliedIdx >= least) this.#takeSnapshotIfFree();
    };
    running.states.isDamaged = (error) => {
      this.#disk.snapshots.damage = new DamagedSnapshot(error.message, error);
    };
    running.states.isOutgrown = () => {
      if (this.appliedIdx > this.#disk.snapshots.index) this.#takeSnapshotIfFree();
    };
    running.runner.stopped.then((error) => {
      if (error !== undefined) this.#owner.ended(error);
    });
    this.#running = running;
    await running.start({
      elsewhere: (replica, configurationId) => {
        if (configurationId >= (this.#later?.configurationId ?? 0)) this.#later = { replica, configurationId };
      },
      excluded: () => {},
    });
    this.#followLeadership(running);
    this.#changes.tell();
  }

  async #followLeadership(running: RunningConfiguration): Promise<void> {
    try {
      for await (const state of running.runner.leadershipChanges()) {
        if (this.#running !== running) return;
        this.#owner.leadership.tell(state);
        this.#owner.proposals.ledUnder('epoch' in state ? state.epoch : undefined);
      }
    } catch {
      // The owner has been told.
    }
  }

  /** No configuration runs: nobody leads, and what is proposed waits. */
  #pause(): RunningConfiguration | undefined {
    const running = this.#running;
    this.#running = undefined;
    this.#owner.leadership.tell({ role: 'unknown' });
    this.#owner.proposals.ledUnder(undefined);
    return running;
  }

  async #moveBehind(index: LogIndex, stopsign: StopSign): Promise<void> {
    const next = nextConfiguration(stopsign, index);
    this.#lastDecided = next;
    if (!this.#isMember(next)) {
      this.#leave(next);
      return;
    }
    const before = this.#pause();
    await this.#endSearch();
    const log = await this.#disk.openLog(next); // begins it, before the disk says that it is the one
    await log.close();
    await this.#disk.identity.moveTo(next);
    this.#applier?.reconfigured(index, next);
    await this.#retiring?.close();
    this.#retiring = before;
    before?.endsAt(next.begin);
    this.#retiringTicks = 0;
    await this.#run({ peers: [] });
  }

  /** Of some members nobody could know the replica id yet. */
  #isMember({ members }: Configuration): boolean {
    const own = members.find((member) => member.pid === this.#options.pid);
    return own !== undefined && (own.replicaId ?? this.#disk.identity.replicaId) === this.#disk.identity.replicaId;
  }

  /** It is no member any more, and says so; for a while it answers those who have not heard of it. */
  #leave(next: Configuration): void {
    const error = notInIt(this.#options.pid, next.configurationId);
    this.#leaving = { error, ticks: LEAVE_TICKS };
    this.#owner.proposals.end(
      () => new ConsensusError('NOT_DECIDED', `${error.message}: the proposal has not been decided before`),
      () => error,
    );
    this.#changes.tell();
  }

  // ── A configuration that has begun without this replica ────────────────────────────────────────────────────────────

  #createNewcomer(): Newcomer {
    const { identity } = this.#disk;
    const peers = peersOf(this.#options.peers, identity.configuration);
    return new Newcomer(this.#disk, this.#options, peers, {
      hasCome: () => this.#arrival.abort(),
      excluded: (pid, configurationId) => this.#excluded(pid, configurationId),
    });
  }

  /** By the word of one with whom this replica was in a configuration. Who waits to become a member waits on. */
  #excluded(pid: number, configurationId: number): void {
    const { configuration } = this.#disk.identity;
    if (configuration?.members.some((member) => member.pid === pid)) {
      this.#owner.ended(notInIt(this.#options.pid, configurationId));
    }
  }

  #seekLater(): void {
    const running = this.#running;
    if (running === undefined || this.#leaving !== undefined) return;
    const later = this.#later;
    if (later === undefined || later.configurationId <= running.configuration.configurationId) {
      this.#laterTicks = 0;
      return;
    }
    if (++this.#laterTicks < PATIENCE_TICKS || this.#disk.snapshots.isTaking) return;
    this.#newcomer ??= this.#createNewcomer();
    this.#newcomer.seek(later.replica, later.configurationId);
  }

  async #endSearch(): Promise<void> {
    const newcomer = this.#newcomer;
    this.#newcomer = undefined;
    await newcomer?.close();
    await this.#disk.discardBeginning();
    this.#arrival = new AbortController();
  }

  /** The state that has come takes the place of all that this replica has. */
  async #adopt(): Promise<void> {
    this.#arrival = new AbortController();
    const beginning = await this.#newcomer?.take();
    if (beginning === undefined) return; // it is offered again
    const { configuration } = beginning.head;
    this.#lastDecided = configuration;
    if (!this.#isMember(configuration)) {
      this.#leave(configuration);
      return;
    }
    await this.#closeRunning();
    const known = this.#disk.identity.configuration;
    await this.#newcomer?.install(beginning);
    await this.#endSearch();
    await this.#goOnFromSnapshot();
    await this.#run(known?.configurationId === configuration.configurationId ? this.#options : { peers: [] });
  }

  async #closeRunning(): Promise<void> {
    const before = this.#pause();
    await this.#disk.snapshots.idle();
    await this.#retiring?.close();
    this.#retiring = undefined;
    await before?.close();
  }

  // ── What came before ───────────────────────────────────────────────────────────────────────────────────────────────

  /** A snapshot of the current configuration lets go of the logs before it. */
  #forgetInTime(): void {
    if (this.#running === undefined || this.#forgetting || this.#disk.identity.before.length === 0) return;
    if (!this.#running.isComplete && ++this.#retiringTicks < RETIRE_TICKS) return;
    this.#retiringTicks = 0;
    this.#takeSnapshotIfFree();
  }

  async #forgetCovered(): Promise<void> {
    const { identity, snapshots } = this.#disk;
    const { configuration, before } = identity;
    if (before.length === 0 || configuration === undefined || snapshots.index < configuration.begin) return;
    this.#forgetting ??= this.#forgetBefore().finally(() => {
      this.#forgetting = undefined;
    });
    await this.#forgetting;
  }

  async #forgetBefore(): Promise<void> {
    const retiring = this.#retiring;
    this.#retiring = undefined;
    await retiring?.close();
    await this.#disk.forgetBefore();
  }
}

function nextConfiguration(stopsign: StopSign, index: LogIndex): Configuration {
  try {
    return configurationBehind(stopsign, index);
  } catch (cause) {
    const message = `the stop-sign at ${index} cannot be read, here or anywhere else: ${messageOf(cause)}`;
    throw new ConsensusError('STATE_MACHINE_FAILED', message, { cause });
  }
}

function notInIt(pid: number, configurationId: number): ConsensusError {
  return new ConsensusError('RECONFIGURED', `replica ${pid} is no member of configuration ${configurationId}`);
}

/** Resolves once `signal` is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
