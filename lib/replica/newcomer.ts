// A replica that lacks the beginning of a configuration, or the state of its own: it takes one from one of the members. It votes
// on nothing in that configuration meanwhile; what it is a member of already goes on beside this.

import type { PackedBatch } from '../../binding/packed-batch.js';
import type { Peer } from '../consensus/runner-options.js';
import type { LogIndex } from '../contract/storage.js';
import type { Membership, TransportLink } from '../transport/transport.js';
import type { Configuration } from './configurations.js';
import { decodeNote, encodeNote, isNote } from './notes.js';
import type { ReplicaDisk } from './replica-disk.js';
import type { CheckedReplicaOptions } from './replica-options.js';
import { decodeState, type StateHead } from './state.js';
import { limitsOf } from './state-sender.js';
import { stateStoreOf } from './state-store.js';
import { StateTransfer } from './state-transfer.js';

/** Of a replica that is in none yet, by which members find out which replica it is. */
export const NO_CONFIGURATION = 0;
/** Between two askings for a state. */
const WANT_TICKS = 10;

export interface NewcomerListener {
  /** A state of it is here whole. */
  hasCome(): void;
  /** The peer, in that configuration, says that this replica is no member of it. */
  excluded(pid: number, configurationId: number): void;
}

/** A state with which a configuration can begin here, and the records that make it this replica's snapshot. */
export interface Beginning {
  head: StateHead;
  records: PackedBatch;
}

type NewcomerOptions = Pick<
  CheckedReplicaOptions<unknown, unknown>,
  'pid' | 'transport' | 'stateBytesPerSecond' | 'tickIntervalMs'
>;

interface Search {
  configurationId: number;
  /** A state below it is of no use. */
  least: LogIndex;
  link: TransportLink;
  states: StateTransfer;
}

export class Newcomer {
  readonly #disk: ReplicaDisk;
  readonly #options: NewcomerOptions;
  #peers: readonly Peer[];
  readonly #listener: NewcomerListener;
  #waiting: TransportLink | undefined;
  #search: Search | undefined;
  #soughtId = NO_CONFIGURATION;
  /** One search ends before the next begins. */
  #turn: Promise<void> = Promise.resolve();
  #ticks = 0;
  #isOver = false;

  constructor(disk: ReplicaDisk, options: NewcomerOptions, peers: readonly Peer[], listener: NewcomerListener) {
    this.#disk = disk;
    this.#options = options;
    this.#peers = peers;
    this.#listener = listener;
  }

  /** Members can reach it, though it is none. @throws ConsensusError, as of the transport's `join` */
  async wait(): Promise<void> {
    this.#waiting = await this.#join(NO_CONFIGURATION, { receive: () => {}, excluded: () => {} });
  }

  /**
   * A configuration has begun, and `replica`, which may be none that was known, is in it. What is sought of an earlier one is
   * given up.
   */
  seek(replica: Peer, configurationId: number): void {
    if (configurationId < this.#soughtId || this.#isOver) return;
    const isKnown = this.#peers.some(({ pid }) => pid === replica.pid);
    if (isKnown && configurationId === this.#soughtId) return;
    if (!isKnown) this.#peers = [...this.#peers, replica];
    this.#soughtId = configurationId;
    this.#turn = this.#turn.then(() => this.#begin(configurationId, 0)).catch(() => this.#retryLater(configurationId));
  }

  /**
   * Of its own configuration it lacks a state at `least`, or behind it. Later ones are sought where they have begun.
   * @throws ConsensusError, as of the transport's `join`
   */
  async seekOwn(configurationId: number, least: LogIndex): Promise<void> {
    this.#soughtId = configurationId;
    const begun = this.#begin(configurationId, least);
    this.#turn = begun.catch(() => {});
    await begun;
  }

  /** Peers speak of it again. */
  #retryLater(configurationId: number): void {
    if (this.#soughtId === configurationId) this.#soughtId = NO_CONFIGURATION;
  }

  async #begin(configurationId: number, least: LogIndex): Promise<void> {
    await this.#endSearch();
    if (this.#isOver || configurationId !== this.#soughtId) return;
    const { store, group } = this.#disk;
    const states = new StateTransfer(stateStoreOf(store), {
      name: group,
      incoming: this.#incoming,
      begin: 0,
      limits: limitsOf(this.#options),
      current: () => undefined,
    });
    await states.open();
    states.tick(below(least));
    const link = await this.#join(configurationId, {
      receive: (from, message) => {
        // The engine's are for one that votes.
        if (isNote(message)) states.heed(from, decodeNote(message));
      },
      excluded: (pid) => this.#listener.excluded(pid, configurationId),
    });
    states.send = (to, note) => void link.send(to, encodeNote(note));
    states.hasCome = () => this.#listener.hasCome();
    this.#search = { configurationId, least, link, states };
  }

  #join(configurationId: number, own: Pick<Membership, 'receive' | 'excluded'>): Promise<TransportLink> {
    const { identity, group } = this.#disk;
    const { pid, transport } = this.#options;
    return transport.join({
      group,
      configurationId,
      pid,
      replicaId: identity.replicaId,
      endpoint: endpointOf(pid, this.#peers),
      peers: this.#peers.filter((peer) => peer.pid !== pid),
      refusal: (from, replicaId) => identity.refusal(from, replicaId),
      connected: () => {},
      disconnected: () => {},
      elsewhere: (replica, later) => this.seek(replica, later),
      ...own,
    });
  }

  /** Whether it seeks, or has, a state. */
  get isSeeking(): boolean {
    return this.#soughtId !== NO_CONFIGURATION;
  }

  tick(): void {
    if (this.#search === undefined) return;
    const { least, link, states } = this.#search;
    states.tick(below(least));
    if (states.isBusy || ++this.#ticks % WANT_TICKS !== 0) return;
    const want = encodeNote({ type: 'want', least });
    for (const { pid } of this.#peers) if (pid !== this.#options.pid) link.send(pid, want);
  }

  /** The state that has come whole, to be installed: nothing more is sought. Undefined where there is none. */
  async take(): Promise<Beginning | undefined> {
    await this.#turn;
    const states = this.#search?.states;
    const index = states?.arrivedIdx;
    if (states === undefined || index === undefined) return undefined;
    this.#isOver = true;
    const records = states.install(index);
    const bytes = states.readArrived(index);
    try {
      const { state: _, ...head } = await decodeState(bytes);
      return { head, records };
    } finally {
      await bytes.return();
    }
  }

  /** What has come becomes the snapshot of this replica, and its log goes on from there. Durable when this resolves. */
  async install({ head: { index, configuration }, records }: Beginning): Promise<void> {
    if (configuration.configurationId === this.#disk.identity.configuration?.configurationId) {
      await this.#disk.replaceSnapshot(index, records);
      return;
    }
    const log = await this.#disk.openLog(configuration);
    try {
      await this.#disk.beginLog(log, index, records);
    } finally {
      await log.close();
    }
    await this.#disk.identity.adopt(configuration);
  }

  get #incoming(): string {
    return this.#disk.incomingName('beginning');
  }

  async #endSearch(): Promise<void> {
    const search = this.#search;
    this.#search = undefined;
    await search?.link.leave();
    await search?.states.close();
  }

  /** Resolves once nothing is under way. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#turn;
    await this.#waiting?.leave();
    await this.#endSearch();
  }
}

/** For who takes only states behind it. */
function below(index: LogIndex): LogIndex {
  return Math.max(0, index - 1);
}

export function endpointOf(own: number, peers: readonly Peer[]): string {
  const { endpoint } = peers.find(({ pid }) => pid === own) as Peer; // checked when the replica was opened
  return endpoint;
}

/** Whom to ask, for a replica that knows members of its own configuration too. */
export function peersOf(given: readonly Peer[], configuration: Configuration | undefined): Peer[] {
  const known = configuration?.members.map(({ pid, endpoint }) => ({ pid, endpoint })) ?? [];
  return [...given, ...known.filter(({ pid }) => given.every((peer) => peer.pid !== pid))];
}
