import type { LogIndex } from '../contract/storage.js';
import type { Note } from './notes.js';
import type { StateStore, StateStream } from './state-store.js';

/** Between two offers to a peer. */
const OFFER_TICKS = 10;
/** Of a peer that asks for nothing more: its transfer is over. */
const IDLE_TICKS = 500;

interface Transfer {
  index: LogIndex;
  /** The peer has said that it has all of it. */
  isGiven: boolean;
  /** Since the peer was last heard. */
  idleTicks: number;
  sinceOffer: number;
  reading: Reading | undefined;
  isBusy: boolean;
}

/** A snapshot that is being read for a peer, from its beginning on. */
class Reading {
  readonly #stream: StateStream;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #next = 0;
  /** The last piece: it may have got lost. */
  #last: { offset: number; bytes: Uint8Array } | undefined;

  constructor(stream: StateStream) {
    this.#stream = stream;
    this.#pieces = stream[Symbol.asyncIterator]();
  }

  /** Whether {@link at} can give it without beginning anew. */
  reaches(offset: number): boolean {
    return offset >= this.#next || offset === this.#last?.offset;
  }

  /** The piece that begins at `offset`; undefined behind the end. */
  async at(offset: number): Promise<Uint8Array | undefined> {
    if (offset === this.#last?.offset) return this.#last.bytes;
    while (this.#next <= offset) {
      const { value, done } = await this.#pieces.next();
      if (done) return undefined;
      const begin = this.#next;
      this.#next += value.length;
      if (this.#next > offset) {
        // A peer that resumes may begin within a piece of ours.
        this.#last = { offset, bytes: value.subarray(offset - begin) };
        return this.#last.bytes;
      }
    }
    return undefined;
  }

  close(): void {
    this.#stream.destroy();
  }
}

/**
 * Gives this replica's snapshot to peers that lack what the log has no longer. It is offered, and the peer asks for one piece
 * after the other: so much is in memory, and under way, as one piece for each peer. Meanwhile no other snapshot may take its
 * place, and the log stays from its index on.
 */
export class StateSender {
  readonly #store: StateStore;
  readonly #name: string;
  readonly #send: (to: number, note: Note) => void;
  readonly #transfers = new Map<number, Transfer>();
  /** Of the snapshot; undefined where there is none. */
  readonly #current: () => { index: LogIndex; byteLength: number } | undefined;

  constructor(
    store: StateStore,
    name: string,
    current: () => { index: LogIndex; byteLength: number } | undefined,
    send: (to: number, note: Note) => void,
  ) {
    this.#store = store;
    this.#name = name;
    this.#current = current;
    this.#send = send;
  }

  /** Whether a peer needs the snapshot as it is. */
  get isBusy(): boolean {
    return this.#transfers.size > 0;
  }

  isSendingTo(pid: number): boolean {
    return this.#transfers.has(pid);
  }

  /** Whether `pid` has the state at `index`; where not, it is offered it. */
  isGiven(pid: number, index: LogIndex): boolean {
    const current = this.#current();
    let transfer = this.#transfers.get(pid);
    if (transfer?.index !== index) {
      if (current?.index !== index) return false; // it has been replaced since: the next sync is for another
      transfer?.reading?.close();
      transfer = { index, isGiven: false, idleTicks: 0, sinceOffer: OFFER_TICKS, reading: undefined, isBusy: false };
      this.#transfers.set(pid, transfer);
    }
    if (transfer.isGiven) return true;
    if (current !== undefined && transfer.sinceOffer >= OFFER_TICKS) {
      transfer.sinceOffer = 0;
      this.#send(pid, { type: 'offer', ...current });
    }
    return false;
  }

  /** The peer has told that it has the state at `index`. */
  given(pid: number, index: LogIndex): void {
    const transfer = this.#transfers.get(pid);
    if (transfer?.index !== index) return;
    transfer.isGiven = true;
    transfer.idleTicks = 0;
    transfer.reading?.close();
    transfer.reading = undefined;
  }

  /** The peer may have started again: what it had told is to be asked anew. */
  reconnected(pid: number): void {
    const transfer = this.#transfers.get(pid);
    if (transfer === undefined) return;
    transfer.isGiven = false;
    transfer.sinceOffer = OFFER_TICKS;
  }

  /** What goes wrong is not told: the peer asks again, and gives up in the end. */
  async fetch(pid: number, index: LogIndex, offset: number): Promise<void> {
    const transfer = this.#transfers.get(pid);
    if (transfer?.index !== index || transfer.isBusy) return;
    transfer.idleTicks = 0;
    transfer.isBusy = true;
    try {
      const bytes = await this.#read(transfer, offset);
      if (bytes !== undefined && this.#transfers.get(pid) === transfer) {
        this.#send(pid, { type: 'piece', index, offset, bytes });
      }
    } catch {
      transfer.reading?.close();
      transfer.reading = undefined;
    } finally {
      transfer.isBusy = false;
      if (this.#transfers.get(pid) !== transfer) transfer.reading?.close();
    }
  }

  async #read(transfer: Transfer, offset: number): Promise<Uint8Array | undefined> {
    if (transfer.reading?.reaches(offset) !== true) {
      transfer.reading?.close();
      const stream = await this.#store.open(this.#name);
      transfer.reading = new Reading(stream);
      if (stream.snapshot.index !== transfer.index) return undefined;
    }
    return transfer.reading.at(offset);
  }

  /** The peer has decided so much. */
  told(pid: number, decidedIdx: LogIndex): void {
    const transfer = this.#transfers.get(pid);
    if (transfer !== undefined && decidedIdx >= transfer.index) this.#end(pid, transfer);
  }

  tick(): void {
    for (const [pid, transfer] of this.#transfers) {
      transfer.sinceOffer++;
      if (++transfer.idleTicks > IDLE_TICKS) this.#end(pid, transfer);
    }
  }

  close(): void {
    for (const [pid, transfer] of this.#transfers) this.#end(pid, transfer);
  }

  #end(pid: number, transfer: Transfer): void {
    this.#transfers.delete(pid);
    if (!transfer.isBusy) transfer.reading?.close();
  }
}
