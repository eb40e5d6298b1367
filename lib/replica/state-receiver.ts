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

/** Of the state at `index`, until it is the replica's own. */
export function incomingNameAt(incoming: string, index: LogIndex): string {
  return `${incoming}.${index}`;
}

/** What has come, and became no replica's own. */
export async function removeIncoming(store: Pick<StateStore, 'list' | 'delete'>, incoming: string): Promise<void> {
  for (const { name, index } of await store.list()) {
    if (name === incomingNameAt(incoming, index)) await store.delete(name);
  }
}

interface Arrived {
  records: PackedBatch;
  /** Since it has come, as long as nobody wants it. */
  ticks: number;
  /** The engine has a message that rests on it: a leader that is being elected uses it once it has a majority. */
  isUsed: boolean;
  isInstalling: boolean;
}

/**
 * Takes the states of peers: into the snapshot store under names of their own, so that nothing of them is seen before the log
 * rests on one. They come one at a time. Several may be there, as an election may need what several peers have.
 */
export class StateReceiver {
  readonly #store: StateStore;
  readonly #names: { name: string; incoming: string };
  readonly #send: (to: number, note: Note) => void;
  /** A peer's state has come. */
  readonly #hasCome: (from: number) => void;
  #transfer: Transfer | undefined;
  readonly #arrived = new Map<LogIndex, Arrived>();
  #decidedIdx = 0;
  #storing: Promise<void> | undefined;
  #isClosed = false;

  /** States come under the names of {@link incomingNameAt}, and one becomes `name`. */
  constructor(
    store: StateStore,
    names: { name: string; incoming: string },
    send: (to: number, note: Note) => void,
    hasCome: (from: number) => void,
  ) {
    this.#store = store;
    this.#names = names;
    this.#send = send;
    this.#hasCome = hasCome;
  }

  /** Whether the snapshot of this replica must stay the one that it is. */
  get isBusy(): boolean {
    return this.#storing !== undefined || this.#arrived.size > 0;
  }

  /** What an earlier life has left. */
  async open(): Promise<void> {
    await removeIncoming(this.#store, this.#names.incoming);
  }

  offer(from: number, index: LogIndex, byteLength: number): void {
    if (this.#isClosed || index <= this.#decidedIdx) return;
    if (this.#arrived.has(index)) this.#tellArrived(from, index);
    else if (this.#storing === undefined) {
      this.#storing = this.#take(from, index, byteLength).then(() => {
        this.#storing = undefined;
      });
    }
  }

  piece(from: number, index: LogIndex, offset: number, bytes: Uint8Array): void {
    const transfer = this.#transfer;
    if (transfer?.from === from && transfer.index === index && transfer.offset === offset) transfer.resolve(bytes);
  }

  /** Where it has, it stays until it is installed or decided. */
  hasArrived(index: LogIndex): boolean {
    const arrived = this.#arrived.get(index);
    if (arrived === undefined) return false;
    arrived.isUsed = true;
    return true;
  }

  /** The records that make the state at `index`, which has arrived, this replica's snapshot. */
  install(index: LogIndex): PackedBatch {
    const arrived = this.#arrived.get(index);
    if (arrived === undefined) throw new Error(`the state at ${index} has not arrived`);
    arrived.isInstalling = true;
    return arrived.records;
  }

  get isInstalling(): boolean {
    return [...this.#arrived.values()].some(({ isInstalling }) => isInstalling);
  }

  installed(index: LogIndex): void {
    this.#arrived.delete(index);
  }

  tick(decidedIdx: LogIndex): void {
    this.#decidedIdx = decidedIdx;
    for (const [index, arrived] of this.#arrived) {
      if (arrived.isInstalling) continue;
      // The log got here another way, or who gave it is gone.
      if (index <= decidedIdx || (!arrived.isUsed && ++arrived.ticks > GIVE_UP_TICKS)) this.#drop(index);
    }
    const transfer = this.#transfer;
    if (transfer === undefined) return;
    if (++transfer.sincePiece > GIVE_UP_TICKS)
      transfer.reject(new Error(`replica ${transfer.from} sends nothing more`));
    else if (++transfer.sinceAsked > ASK_TICKS) this.#ask(transfer);
  }

  /** Where it cannot be removed now, it is when the replica is opened again. */
  #drop(index: LogIndex): void {
    this.#arrived.delete(index);
    this.#store.delete(incomingNameAt(this.#names.incoming, index)).catch(() => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#transfer?.reject(new Error('the replica ends'));
    await this.#storing;
  }

  /** Never rejects: the peer offers again. */
  async #take(from: number, index: LogIndex, byteLength: number): Promise<void> {
    try {
      const { name } = this.#names;
      const incoming = incomingNameAt(this.#names.incoming, index);
      await this.#store.put(incoming, index, this.#pieces(from, index, byteLength));
      const records = await this.#store.renaming(incoming, name);
      if (this.#isClosed) return;
      this.#arrived.set(index, { records, ticks: 0, isUsed: false, isInstalling: false });
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
