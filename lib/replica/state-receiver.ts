import type { PackedBatch } from '../../binding/packed-batch.js';
import type { LogIndex } from '../contract/storage.js';
import type { Note } from './notes.js';
import type { StateStore } from './state-store.js';

/** After so many ticks without an answer a piece is asked for again. */
const ASK_TICKS = 25;
/** After so many the peer is given up; another offer begins anew. */
const GIVE_UP_TICKS = 250;

interface Transfer {
  from: number;
  index: LogIndex;
  /** Of the piece that is waited for. */
  offset: number;
  sinceAsked: number;
  sincePiece: number;
  resolve(piece: Uint8Array): void;
  reject(error: Error): void;
}

/**
 * Takes the state of a peer: into the snapshot store under a name of its own, so that nothing of it is seen before the log
 * rests on it. One at a time.
 */
export class StateReceiver {
  readonly #store: StateStore;
  readonly #name: string;
  readonly #send: (to: number, note: Note) => void;
  /** A peer's state has come. */
  readonly #hasCome: (from: number) => void;
  #transfer: Transfer | undefined;
  #arrived: { index: LogIndex; records: PackedBatch; ticks: number } | undefined;
  #isInstalling = false;
  #decidedIdx = 0;
  #storing: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    store: StateStore,
    name: string,
    send: (to: number, note: Note) => void,
    hasCome: (from: number) => void,
  ) {
    this.#store = store;
    this.#name = name;
    this.#send = send;
    this.#hasCome = hasCome;
  }

  /** Whether the snapshot of this replica must stay the one that it is. */
  get isBusy(): boolean {
    return this.#storing !== undefined || this.#arrived !== undefined;
  }

  /** What an earlier life has left. */
  async open(): Promise<void> {
    await this.#store.delete(this.#incoming);
  }

  get #incoming(): string {
    return `${this.#name}.incoming`;
  }

  offer(from: number, index: LogIndex, byteLength: number): void {
    if (this.#isClosed || index <= this.#decidedIdx) return;
    if (this.#arrived?.index === index) this.#tellArrived(from, index);
    else if (!this.isBusy) {
      this.#storing = this.#take(from, index, byteLength).then(() => {
        this.#storing = undefined;
      });
    }
  }

  piece(from: number, index: LogIndex, offset: number, bytes: Uint8Array): void {
    const transfer = this.#transfer;
    if (transfer?.from === from && transfer.index === index && transfer.offset === offset) transfer.resolve(bytes);
  }

  hasArrived(index: LogIndex): boolean {
    return this.#arrived?.index === index;
  }

  /** The records that make the state at `index`, which has arrived, this replica's snapshot. */
  install(index: LogIndex): PackedBatch {
    if (this.#arrived?.index !== index) throw new Error(`the state at ${index} has not arrived`);
    this.#isInstalling = true;
    return this.#arrived.records;
  }

  get isInstalling(): boolean {
    return this.#isInstalling;
  }

  installed(): void {
    this.#arrived = undefined;
    this.#isInstalling = false;
  }

  tick(decidedIdx: LogIndex): void {
    this.#decidedIdx = decidedIdx;
    const arrived = this.#arrived;
    if (arrived !== undefined && !this.#isInstalling) {
      // The log got here another way, or who gave it is gone. What is left under the name goes with the next.
      if (arrived.index <= decidedIdx || ++arrived.ticks > GIVE_UP_TICKS) this.#arrived = undefined;
    }
    const transfer = this.#transfer;
    if (transfer === undefined) return;
    if (++transfer.sincePiece > GIVE_UP_TICKS)
      transfer.reject(new Error(`replica ${transfer.from} sends nothing more`));
    else if (++transfer.sinceAsked > ASK_TICKS) this.#ask(transfer);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#transfer?.reject(new Error('the replica ends'));
    await this.#storing;
  }

  /** Never rejects: the peer offers again. */
  async #take(from: number, index: LogIndex, byteLength: number): Promise<void> {
    try {
      await this.#store.put(this.#incoming, index, this.#pieces(from, index, byteLength));
      const records = await this.#store.renaming(this.#incoming, this.#name);
      if (this.#isClosed) return;
      this.#arrived = { index, records, ticks: 0 };
      this.#tellArrived(from, index);
    } catch {
      // With what was stored the store has done away.
    } finally {
      this.#transfer = undefined;
    }
  }

  #tellArrived(from: number, index: LogIndex): void {
    this.#send(from, { type: 'have', index });
    this.#hasCome(from);
  }

  async *#pieces(from: number, index: LogIndex, byteLength: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let offset = 0; offset < byteLength; ) {
      const piece = await new Promise<Uint8Array>((resolve, reject) => {
        this.#transfer = { from, index, offset, sinceAsked: 0, sincePiece: 0, resolve, reject };
        if (this.#isClosed) reject(new Error('the replica ends'));
        else this.#ask(this.#transfer);
      });
      offset += piece.length;
      yield piece;
    }
  }

  #ask(transfer: Transfer): void {
    transfer.sinceAsked = 0;
    this.#send(transfer.from, { type: 'fetch', index: transfer.index, offset: transfer.offset });
  }
}
