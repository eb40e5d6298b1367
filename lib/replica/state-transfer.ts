import type { PackedBatch } from '../../binding/packed-batch.js';
import type { StateExchange } from '../consensus/state-exchange.js';
import type { LogIndex } from '../contract/storage.js';
import type { Note } from './notes.js';
import { StateReceiver } from './state-receiver.js';
import { StateSender } from './state-sender.js';
import type { StateStore } from './state-store.js';

export interface StateTransferOptions {
  name: string;
  incoming: string;
  /** Where the configuration begins: a state before it is of no use to who lacks all. */
  begin: LogIndex;
  current(): { index: LogIndex; byteLength: number } | undefined;
}

/** Both directions of it: this replica's snapshot to peers, and theirs to it. */
export class StateTransfer implements StateExchange {
  readonly #sender: StateSender;
  readonly #receiver: StateReceiver;
  readonly #current: () => { index: LogIndex; byteLength: number } | undefined;
  readonly #begin: LogIndex;
  #installation = new AbortController();
  /** A message may be lost. */
  send: (to: number, note: Note) => void = () => {};
  /** A peer's state has come: it is to be asked for the log behind it. */
  hasCome: (from: number) => void = () => {};
  /** A peer lacks all, and there is no snapshot of this configuration that it could have. */
  isNeeded: () => void = () => {};

  /** `current` is this replica's own snapshot, which the store has under `name`; that of a peer comes under `incoming`. */
  constructor(store: StateStore, { name, incoming, begin, current }: StateTransferOptions) {
    this.#begin = begin;
    this.#current = current;
    this.#sender = new StateSender(store, name, current, (to, note) => this.send(to, note));
    this.#receiver = new StateReceiver(
      store,
      { name, incoming },
      (to, note) => this.send(to, note),
      (from) => this.hasCome(from),
    );
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

  heed(from: number, note: Note): void {
    if (note.type === 'offer') this.#receiver.offer(from, note.index, note.byteLength);
    else if (note.type === 'piece') this.#receiver.piece(from, note.index, note.offset, note.bytes);
    else if (note.type === 'fetch') this.#sender.fetch(from, note.index, note.offset);
    else if (note.type === 'have') this.#sender.given(from, note.index);
    else if (note.type === 'want') this.#wanted(from);
  }

  #wanted(pid: number): void {
    const current = this.#current();
    if (current === undefined || current.index < this.#begin) this.isNeeded();
    else this.#sender.isGiven(pid, current.index);
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
    return this.#current()?.index;
  }

  isGiven(pid: number, index: LogIndex): boolean {
    return this.#sender.isGiven(pid, index);
  }

  hasArrived(index: LogIndex): boolean {
    return this.#receiver.hasArrived(index);
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
