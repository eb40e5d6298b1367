import { types } from 'node:util';
import type { Codec } from '../contract/codec.js';
import type { Ballot, ClusterConfig, LogIndex, StopSign, Storage } from '../contract/storage.js';
import { msgpackCodec } from '../format/msgpack-codec.js';
import {
  type CheckedCluster,
  checkCluster,
  checkCodec,
  checkInteger,
  checkRecord,
  checkServer,
  invalid,
  type ServerConfig,
} from './configuration.js';
import { pendingReconfiguration } from './consensus-error.js';
import { DrivenEngine, type OutgoingMessage } from './driven-engine.js';
import { malformed } from './engine.js';
import { MAX_BYTES, toBytes } from './entry-bytes.js';
import type { LogEntry } from './log-entry.js';
import { ByteStrings } from './packing.js';

/** How entries and states travel in messages. */
export interface OmniPaxosOptions<T> {
  /** Of entries in messages. Default: msgpackr. The storage has its own. */
  entryCodec?: Codec<T>;
  /** Of the storage's snapshot in messages. Default: msgpackr. */
  snapshotCodec?: Codec<unknown>;
}

const OPTION_NAMES = ['entryCodec', 'snapshotCodec'];
const HIGHEST = Number.MAX_SAFE_INTEGER;

/**
 * One replica of OmniPaxos on a storage that blocks. It has no clock and no network: whoever drives it calls
 * {@link tick} at even intervals, delivers what {@link outgoingMessages} gives, and hands what arrives to
 * {@link handleIncoming}. Messages may be lost, never repeated, and those of one connection stay in order; on a new
 * connection call {@link reconnected} on both sides first, and drop what still comes on the older one.
 *
 * Each call that changes something is one atomic write to the storage, which is done before the messages of the call can
 * be had and before the properties show what it has changed. The storage belongs to this object: others may read it, and
 * move its floor within what is decided, no more.
 *
 * Where the storage fails, the replica ends: every further call that could change something throws `STORAGE_FAILED`;
 * where the engine does, likewise `ENGINE_FAILED`. Open the storage again, and build a replica on it.
 */
export class OmniPaxos<T> {
  readonly #cluster: CheckedCluster;
  readonly #storage: Storage<T>;
  readonly #entryCodec: Codec<T>;
  readonly #snapshotCodec: Codec<unknown>;
  readonly #engine: DrivenEngine<T>;

  /**
   * On an empty storage this is a new replica; on one that was used before it recovers. A storage that has lost what it
   * held must not be used again under the same pid: the replica would vote twice.
   *
   * The storage's snapshot, where there is one, is taken for the state at its floor, and given to peers that need what has
   * been compacted: see {@link compact}.
   *
   * @throws ConsensusError `INVALID_ARGUMENT`; `STORAGE_FAILED`; `ENGINE_FAILED` where the storage holds what no replica
   *   of this cluster has written
   */
  static build<T>(
    cluster: ClusterConfig,
    server: ServerConfig,
    storage: Storage<T>,
    options?: OmniPaxosOptions<T>,
  ): OmniPaxos<T> {
    return new OmniPaxos(cluster, server, storage, options, undefined);
  }

  /** @internal For the tests that show what each guard is for. */
  static buildWithout<T>(
    guard: string | undefined,
    cluster: ClusterConfig,
    server: ServerConfig,
    storage: Storage<T>,
  ): OmniPaxos<T> {
    return new OmniPaxos(cluster, server, storage, {}, guard);
  }

  private constructor(
    cluster: ClusterConfig,
    server: ServerConfig,
    storage: Storage<T>,
    options: OmniPaxosOptions<T> = {},
    withoutGuard: string | undefined,
  ) {
    this.#cluster = checkCluster('cluster', cluster);
    const checkedServer = checkServer(server, this.#cluster);
    const given = checkRecord<OmniPaxosOptions<T>>('options', options, OPTION_NAMES);
    const { entryCodec = msgpackCodec<T>(), snapshotCodec = msgpackCodec<unknown>() } = given;
    this.#entryCodec = checkCodec<T>('options.entryCodec', entryCodec);
    this.#snapshotCodec = checkCodec<unknown>('options.snapshotCodec', snapshotCodec);
    if (typeof (storage as Partial<Storage<T>> | undefined)?.writeAtomically !== 'function') {
      throw invalid('storage', 'a Storage', storage);
    }
    this.#storage = storage;
    const codecs = { entry: this.#entryCodec, snapshot: this.#snapshotCodec };
    this.#engine = new DrivenEngine(this.#cluster, checkedServer, storage, codecs, withoutGuard);
  }

  // ── Proposals ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Proposes `entry`: appended at the leader, forwarded to it elsewhere, kept where none is known. It may get lost on the
   * way, without a word; whether it is in the log, the log tells.
   * @throws ConsensusError `PENDING_RECONFIGURATION`; `INVALID_ARGUMENT` where it cannot be encoded
   */
  append(entry: T): void {
    const { refusedProposals } = this.#engine.step({
      proposals: new ByteStrings().add(toBytes('entry', entry, this.#entryCodec)),
    });
    if (refusedProposals) throw pendingReconfiguration();
  }

  /**
   * Proposes the stop-sign that ends this configuration. Like an entry it may get lost.
   * @param next - its id is above this one's
   * @throws ConsensusError `PENDING_RECONFIGURATION`, `INVALID_ARGUMENT`
   */
  reconfigure(next: ClusterConfig, metadata?: Uint8Array): void {
    const stopsign: StopSign = { nextConfig: checkCluster('next', next, this.#cluster.configurationId) };
    if (metadata !== undefined) {
      if (!types.isUint8Array(metadata)) throw invalid('metadata', 'a Uint8Array', metadata);
      stopsign.metadata = metadata;
    }
    if (this.#engine.step({ calls: [{ type: 'reconfigure', stopsign }] }).refusedStopsign)
      throw pendingReconfiguration();
  }

  // ── Messages and time ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @throws ConsensusError `MALFORMED_MESSAGE`: bytes that no replica of this configuration sends to this one; nothing was
   *   done
   */
  handleIncoming(message: Uint8Array): void {
    if (!types.isUint8Array(message)) throw invalid('message', 'a Uint8Array', message);
    if (message.byteLength > 2 * MAX_BYTES) throw malformed(`it has ${message.byteLength} bytes`);
    const bytes = Buffer.from(message);
    this.#engine.checkContents(bytes);
    const [refused] = this.#engine.step({ messages: [bytes] }).refusedMessages;
    if (refused !== undefined) throw malformed(refused.reason);
  }

  /** What is to be sent since the last call, in order: messages to one peer must not overtake each other. */
  outgoingMessages(): OutgoingMessage[] {
    return this.#engine.takeOutgoing();
  }

  /** Lets time pass by one tick: for elections, and to repeat what may be lost. */
  tick(): void {
    this.#engine.step({ ticks: 1 });
  }

  /** To be called on both sides of a new connection, before the first message on it. */
  reconnected(pid: number): void {
    if (!this.#cluster.nodes.includes(pid)) {
      throw invalid('pid', `one of the nodes ${this.#cluster.nodes.join(', ')}`, pid);
    }
    this.#engine.step({ calls: [{ type: 'reconnected', pid }] });
  }

  // ── Leadership ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts a round of its own above the one that it follows; another may do the same. */
  tryBecomeLeader(): void {
    this.#engine.step({ calls: [{ type: 'tryBecomeLeader' }] });
  }

  /** Of two replicas that could lead in the next election, the one of the higher priority (a u32) does. */
  setPriority(priority: number): void {
    checkInteger('priority', priority, 0, 2 ** 32 - 1);
    this.#engine.step({ calls: [{ type: 'setPriority', priority }] });
  }

  // ── The log ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Removes all entries below `idx`, here alone, in one atomic write. `snapshot` is the state that they have led to: a peer
   * that still needs them is given it instead. Without it the storage has no snapshot from now on, and such a peer stays
   * behind until another replica can serve it.
   * @throws ConsensusError `INVALID_ARGUMENT` where `idx` is below the floor or past what is decided, or the snapshot
   *   cannot be encoded
   */
  compact(idx: LogIndex, snapshot?: unknown): void {
    const { decidedIdx, compactedIdx } = this.#engine.view;
    checkInteger('idx', idx, compactedIdx, Math.min(decidedIdx, this.#end()));
    if (snapshot !== undefined) toBytes('snapshot', snapshot, this.#snapshotCodec);
    this.#engine.compact(idx, snapshot);
  }

  /** All that is decided from `from` on, as {@link readEntries} has it; undefined where nothing is. */
  readDecidedSuffix(from: LogIndex): LogEntry<T>[] | undefined {
    checkInteger('from', from, 0, HIGHEST);
    const { decidedIdx } = this.#engine.view;
    return from < decidedIdx ? this.readEntries(from, decidedIdx) : undefined;
  }

  /**
   * The log from `from` up to `to`, a stop-sign included; undefined where it does not reach so far. What has been compacted
   * is one `trimmed` in front.
   * @throws StorageError what the storage throws where it cannot be read; ConsensusError `INVALID_ARGUMENT`
   */
  readEntries(from: LogIndex, to: LogIndex): LogEntry<T>[] | undefined {
    checkInteger('from', from, 0, HIGHEST);
    checkInteger('to', to, from, HIGHEST);
    const { acceptedIdx, decidedIdx } = this.#engine.view;
    if (to > acceptedIdx) return undefined;
    const floor = this.#storage.getCompactedIdx();
    const end = this.#end();
    const log: LogEntry<T>[] = [];
    if (from < floor && from < to) log.push({ type: 'trimmed', idx: floor });
    const first = Math.max(from, floor);
    this.#storage.getEntries(first, Math.max(first, Math.min(to, end))).forEach((entry, i) => {
      log.push({ type: first + i < decidedIdx ? 'decided' : 'undecided', entry });
    });
    const stopsign = from <= end && end < to ? this.#storage.getStopsign() : undefined;
    if (stopsign !== undefined) log.push({ type: 'stopsign', stopsign, decided: end < decidedIdx });
    return log;
  }

  /** Behind the last entry; the stop-sign does not count. */
  #end(): LogIndex {
    return this.#storage.getCompactedIdx() + this.#storage.getLogLen();
  }

  /** The decided stop-sign: this configuration takes nothing more. */
  isReconfigured(): StopSign | undefined {
    return this.#engine.view.reconfigured;
  }

  /** How far the log is decided; a stop-sign counts as an entry. */
  get decidedIdx(): LogIndex {
    return this.#engine.view.decidedIdx;
  }

  /** Where the log ends here; a stop-sign counts as an entry. */
  get acceptedIdx(): LogIndex {
    return this.#engine.view.acceptedIdx;
  }

  /** The floor: below it there are no entries. */
  get compactedIdx(): LogIndex {
    return this.#engine.view.compactedIdx;
  }

  /** The ballot below which this replica accepts nothing. */
  get promise(): Ballot {
    return { ...this.#engine.view.promise };
  }

  /** Whom this replica follows, itself perhaps, and whether it is past the election. */
  get currentLeader(): { pid: number; inAcceptPhase: boolean } | undefined {
    const { currentLeader } = this.#engine.view;
    return currentLeader && { ...currentLeader };
  }
}
