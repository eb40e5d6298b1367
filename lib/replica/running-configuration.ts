// A configuration that runs here: its log, its runner, and the way to its members. What is decided in it the replica applies.

import { setImmediate } from 'node:timers/promises';
import { NODE_CLOCK } from '../consensus/clock.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import { PaxosRunner } from '../consensus/paxos-runner.js';
import type { LogIndex } from '../contract/storage.js';
import { rawCodec } from '../format/raw-codec.js';
import { accessOf } from '../log/storage-methods.js';
import type { Membership, TransportLink } from '../transport/transport.js';
import { type Configuration, clusterOf } from './configurations.js';
import { decodeNote, encodeNote, isNote, type Note } from './notes.js';
import { PeerStandings } from './peer-standings.js';
import type { Log, ReplicaDisk } from './replica-disk.js';
import type { CheckedReplicaOptions } from './replica-options.js';
import { limitsOf } from './state-sender.js';
import { stateStoreOf } from './state-store.js';
import { StateTransfer } from './state-transfer.js';

type Options = Pick<
  CheckedReplicaOptions<unknown, unknown>,
  'pid' | 'electionTicks' | 'tickIntervalMs' | 'earlyRelease' | 'transport' | 'group' | 'peers' | 'stateBytesPerSecond'
>;

/** What other replicas say of configurations. */
export type ConfigurationListener = Pick<Membership, 'elsewhere' | 'excluded'>;

/** How far a configuration goes. */
interface Reach {
  end: LogIndex;
}

/** Of a peer, as a replica's status has it. */
export interface PeerStatus {
  /** Of the peer. */
  pid: number;
  /** Whether messages to it go anywhere. */
  connected: boolean;
  /** How many entries it lacks of what is decided, as far as it has told; undefined where it has not yet. */
  lag: number | undefined;
  /** This replica's state is on its way to the peer, which lacks what the log has no longer. */
  transfer: boolean;
}

export class RunningConfiguration {
  readonly configuration: Configuration;
  readonly log: Log;
  readonly runner: PaxosRunner<Uint8Array>;
  readonly states: StateTransfer;
  readonly #disk: ReplicaDisk;
  readonly #options: Options;
  /** The pids of the others. */
  readonly #peers: readonly number[];
  readonly #standings: PeerStandings;
  #link: TransportLink | undefined;
  /** Messages that were malformed. */
  refusedMessages = 0;
  /** Where the log begins. */
  compactedIdx: LogIndex;
  readonly #reach: Reach;

  /**
   * On the current configuration of the disk. Others hear nothing of it before {@link start}.
   * @throws ConsensusError; RocksError, StorageError
   */
  static async open(disk: ReplicaDisk, options: Options): Promise<RunningConfiguration> {
    const { identity, snapshots, store, group } = disk;
    const configuration = identity.configuration as Configuration;
    const log = await disk.openLog(configuration);
    const closing: (() => Promise<void>)[] = [() => log.close()];
    const reach: Reach = { end: Number.POSITIVE_INFINITY };
    const states = new StateTransfer(stateStoreOf(store), {
      name: group,
      incoming: disk.incomingName('state'),
      begin: configuration.begin,
      limits: limitsOf(options),
      current: () => {
        const isOfUse = !snapshots.isTaking && snapshots.damage === undefined && snapshots.index < reach.end;
        return isOfUse ? snapshots.current?.index : undefined;
      },
    });
    try {
      await states.open();
      const runnerOptions = {
        cluster: clusterOf(configuration),
        server: { pid: options.pid, electionTickTimeout: options.electionTicks },
        storage: log,
        peers: withEndpointsOf(options.peers, configuration),
        tickIntervalMs: options.tickIntervalMs,
        // Before it has spoken, what is there is what an earlier attempt has left.
        bootstrap: !identity.hasSpoken && (await log.getPromise()) === undefined,
        entryCodec: rawCodec,
        earlyRelease: options.earlyRelease,
      };
      const runner = await PaxosRunner.openOn<Uint8Array>(NODE_CLOCK, runnerOptions, {}, states);
      const running = new RunningConfiguration(disk, options, configuration, log, runner, states, reach);
      closing.push(() => running.close());
      await identity.speaks();
      await running.compacted();
      return running;
    } catch (error) {
      await closing.at(-1)?.();
      throw error;
    }
  }

  private constructor(
    disk: ReplicaDisk,
    options: Options,
    configuration: Configuration,
    log: Log,
    runner: PaxosRunner<Uint8Array>,
    states: StateTransfer,
    reach: Reach,
  ) {
    this.#reach = reach;
    this.#disk = disk;
    this.#options = options;
    this.configuration = configuration;
    this.compactedIdx = configuration.begin;
    this.log = log;
    this.runner = runner;
    this.states = states;
    this.#peers = configuration.members.map(({ pid }) => pid).filter((pid) => pid !== options.pid);
    this.#standings = new PeerStandings(this.#peers);
    states.send = (to, note) => this.send(to, note);
    states.hasCome = (from) => runner.connected(from);
  }

  /** @throws ConsensusError, as of the transport's `join` */
  async start(listener: ConfigurationListener): Promise<void> {
    const { group, pid, transport, peers } = this.#options;
    const { identity } = this.#disk;
    const members = withEndpointsOf(peers, this.configuration);
    const link = await transport.join({
      group,
      configurationId: this.configuration.configurationId,
      pid,
      replicaId: identity.replicaId,
      endpoint: members.find((member) => member.pid === pid)?.endpoint ?? '',
      peers: members.filter((member) => member.pid !== pid),
      refusal: (from, replicaId) => identity.refusal(from, replicaId),
      connected: (from) => {
        this.#standings.connected();
        this.states.reconnected(from);
        this.runner.connected(from);
      },
      disconnected: () => {},
      ...listener,
      receive: (from, message) => this.#receive(from, message),
    });
    try {
      this.runner.start(link);
    } catch (error) {
      await link.leave();
      throw error;
    }
    this.#link = link;
  }

  get peers(): readonly number[] {
    return this.#peers;
  }

  /** The next configuration begins at `index`: a state from there on is none of this one. */
  endsAt(index: LogIndex): void {
    this.#reach.end = index;
  }

  /** The log may begin elsewhere. */
  async compacted(): Promise<void> {
    this.compactedIdx = await this.log.getCompactedIdx();
  }

  /** Where the log begins, though nobody may be told yet. */
  get floor(): LogIndex {
    return accessOf(this.log).cursor.compactedIdx;
  }

  isConnected(pid: number): boolean {
    return this.#link?.isConnected(pid) ?? false;
  }

  peerStatus(): PeerStatus[] {
    const { decidedIdx } = this.runner;
    return this.#peers.map((pid) => ({
      pid,
      connected: this.isConnected(pid),
      lag: this.#standings.lag(pid, decidedIdx),
      transfer: this.states.isSendingTo(pid),
    }));
  }

  /** Whether every peer has told that it runs this configuration. */
  get isComplete(): boolean {
    return this.#peers.every((pid) => this.#standings.lag(pid, 0) !== undefined);
  }

  /** False where nothing can be proposed just now. */
  append(envelope: Buffer): boolean {
    try {
      this.runner.append(envelope);
      return true;
    } catch (error) {
      // A stop-sign may still come to nothing; what has ended tells those who wait itself.
      if (error instanceof ConsensusError && error.code !== 'INVALID_ARGUMENT') return false;
      throw error;
    }
  }

  /** A message may be lost. */
  send(to: number, note: Note): void | Promise<void> {
    const bytes = encodeNote(note);
    return note.type === 'piece' ? this.#link?.sendBulk(to, bytes) : this.#link?.send(to, bytes);
  }

  tick(): void {
    const { decidedIdx } = this.runner;
    this.states.tick(decidedIdx);
    if (!this.#standings.isToTell(decidedIdx)) return;
    for (const pid of this.#peers) this.send(pid, { type: 'standing', decidedIdx });
  }

  /** Resolves once nothing is under way, and the log is closed. Never rejects: what has failed has been told. */
  async close(): Promise<void> {
    const stopped = this.runner.stop();
    // What the link was given in this turn would go with it: that the entry is decided which has ended this replica, perhaps.
    await setImmediate();
    await this.#link?.leave();
    await this.states.close();
    await stopped;
    await this.log.close().catch(() => {});
  }

  #receive(from: number, message: Uint8Array): void {
    try {
      if (isNote(message)) this.#heed(from, decodeNote(message));
      else this.runner.handleIncoming(from, message);
    } catch {
      this.refusedMessages++;
    }
  }

  #heed(from: number, note: Note): void {
    if (note.type === 'lead') this.runner.tryBecomeLeader();
    else if (note.type === 'standing') {
      this.#standings.tell(from, note.decidedIdx);
      this.states.told(from, note.decidedIdx);
    } else this.states.heed(from, note);
  }
}

/** An endpoint that was given at the start is newer than that of the configuration. */
function withEndpointsOf(given: Options['peers'], { members }: Configuration): { pid: number; endpoint: string }[] {
  return members.map(({ pid, endpoint }) => given.find((peer) => peer.pid === pid) ?? { pid, endpoint });
}
