import type { PackedBatch } from '../../binding/packed-batch.js';
import { MAX_SYNC_BYTES } from '../consensus/engine.js';
import type { StateExchange } from '../consensus/state-exchange.js';
import type { LogIndex } from '../contract/storage.js';
import type { StorageError } from '../contract/storage-error.js';
import { IncomingStates } from './incoming-states.js';
import type { Note } from './notes.js';
import { StateReceiver } from './state-receiver.js';
import { StateSender, type TransferLimits } from './state-sender.js';
import type { StateStore } from './state-store.js';

/** More than a message has around the entries that it carries. */
const FRAME_BYTES = 4096;

export interface StateTransferOptions {
  name: string;
  incoming: string;
  /** Where the configuration begins: a state before it is of no use to who lacks all. */
  begin: LogIndex;
  limits: TransferLimits;
  /** The index of the snapshot that peers may have. */
  current(): LogIndex | undefined;
}

/** Both directions of it: this replica's snapshot to peers, and theirs to it. */
export class StateTransfer implements StateExchange {
  readonly #sender: StateSender;
  readonly #receiver: StateReceiver;
  readonly #current: () => LogIndex | undefined;
  readonly #begin: LogIndex;
  #installation = new AbortController();
  /** A message may be lost. Where it gives a promise, no piece is to be sent before it resolves. */
  send: (to: number, note: Note) => void | Promise<void> = () => {};
  /** A peer's state has come: it is to be asked for the log behind it. */
  hasCome: (from: number) => void = () => {};
  /** A peer lacks a state at `least` or behind it, and there is no snapshot that it could have. */
  isNeeded: (least: LogIndex) => void = () => {};

  /** A newer snapshot is of use to a peer. */
  isOutgrown: () => void = () => {};
  /** The snapshot cannot be given to anybody: it is damaged. */
  isDamaged: (error: StorageError) => void = () => {};
  readonly maxSyncBytes: number;

  /** This replica's own snapshot has `name`; those of peers are announced behind `incoming` until one takes its place. */
  constructor(store: StateStore, options: StateTransferOptions) {
    const { name, begin, limits, current } = options;
    this.#begin = begin;
    this.#current = current;
    this.maxSyncBytes = Math.min(MAX_SYNC_BYTES, Math.max(0, limits.maxMessageBytes - FRAME_BYTES));
    const send = (to: number, note: Note) => this.send(to, note);
    this.#sender = new StateSender(store, name, limits, current, send, (error) => this.isDamaged(error));
    const incoming = new IncomingStates(store, name, options.incoming);
    this.#receiver = new StateReceiver(incoming, send, (from) => this.hasCome(from));
  }

  /** To be called before anything comes in. */
  open(): Promise<void> {
    return this.#receiver.open();
  }

  /** Whether this replica's snapshot must stay the one that it is. */
  get isBusy(): boolean {
    return this.#sender.isBusy || this.#receiver.isBusy;
  }

  isSendingTo(pid: number): boolean {
    return this.#sender.isSendingTo(pid);
  }

  /** A peer's state is being written as this replica's own. */
  get isInstalling(): boolean {
    return this.#receiver.isInstalling;
  }

  /** Aborted once a peer's state has become this replica's own. */
  get nextInstallation(): AbortSignal {
    return this.#installation.signal;
  }

  /** @throws RangeError where it is a piece that no peer sends */
  heed(from: number, note: Note): void {
    if (note.type === 'offer') this.#receiver.offer(from, note);
    else if (note.type === 'piece') this.#receiver.piece(from, note);
    else if (note.type === 'fetch') this.#sender.fetch(from, note);
    else if (note.type === 'have') this.#sender.given(from, note.index);
    else if (note.type === 'want') this.#wanted(from, note.least);
  }

  #wanted(pid: number, index: LogIndex): void {
    const least = Math.max(index, this.#begin);
    this.#sender.told(pid, least - 1); // what it was given before may hold up a newer snapshot, and is of no use to it
    const current = this.#current();
    if (current === undefined || current < least) this.isNeeded(least);
    else this.#sender.isGiven(pid, current);
  }

  /** There is a new connection with a peer. */
  reconnected(pid: number): void {
    this.#sender.reconnected(pid);
  }

  /** How far a peer is. */
  told(pid: number, decidedIdx: LogIndex): void {
    this.#sender.told(pid, decidedIdx);
  }

  tick(decidedIdx: LogIndex): void {
    this.#sender.tick();
    this.#receiver.tick(decidedIdx);
  }

  close(): Promise<void> {
    this.#sender.close();
    return this.#receiver.close();
  }

  // ── What the runner asks ───────────────────────────────────────────────────────────────────────────────────────────

  get stateAt(): LogIndex | undefined {
    return this.#current();
  }

  get givenTo(): readonly number[] {
    return this.#sender.givenTo;
  }

  isGiven(pid: number, index: LogIndex): boolean {
    return this.#sender.isGiven(pid, index);
  }

  hasArrived(index: LogIndex): boolean {
    return this.#receiver.hasArrived(index);
  }

  /** The index of the last state of a peer that has come whole. */
  get arrivedIdx(): LogIndex | undefined {
    return this.#receiver.arrivedIdx;
  }

  /** The bytes of what has come. */
  readArrived(index: LogIndex): AsyncGenerator<Buffer, void, undefined> {
    return this.#receiver.read(index);
  }

  install(index: LogIndex): PackedBatch {
    return this.#receiver.install(index);
  }

  installed(index: LogIndex): void {
    this.#receiver.installed(index);
    this.#installation.abort();
    this.#installation = new AbortController();
  }
}
