import { crc32c } from '../../binding/crc32c.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import type { LogIndex } from '../contract/storage.js';
import type { SnapshotIdentity } from '../snapshots/incoming-snapshot.js';
import type { IncomingStates } from './incoming-states.js';
import { MAX_PIECE_BYTES, type Note } from './notes.js';

/** So much is asked for before it is needed: what is on its way, or waits in memory to be stored. */
const WINDOW_BYTES = 2 * 1024 * 1024;
/** After so many ticks without a piece it is asked for again. */
const ASK_TICKS = 25;
/** After so many the peer is given up; another offer begins anew. */
const GIVE_UP_TICKS = 250;

type Piece = Extract<Note, { type: 'piece' }>;

interface Transfer {
  from: number;
  state: SnapshotIdentity;
  /** That have come and are to be stored. */
  pieces: Uint8Array[];
  /** Where the next piece begins. */
  next: number;
  /** Up to where it has been asked for. */
  asked: number;
  sinceAsked: number;
  sincePiece: number;
  /** There is a piece. */
  wake(): void;
  end(error: Error): void;
}

interface Arrived {
  records: PackedBatch;
  /** Since it was last offered, as long as nobody wants it. */
  ticks: number;
  /** The engine has a message that rests on it: a leader that is being elected uses it once it has a majority. */
  isUsed: boolean;
  isInstalling: boolean;
}

/**
 * Takes the states of peers into the snapshot store, where nothing of them is seen before the log rests on one. They come
 * one at a time. Several may be there, as an election may need what several peers have. What has come outlives this replica's
 * process: it goes on behind it where a peer offers the same state.
 */
export class StateReceiver {
  readonly #incoming: IncomingStates;
  readonly #send: (to: number, note: Note) => void;
  /** A peer's state has come. */
  readonly #hasCome: (from: number) => void;
  #transfer: Transfer | undefined;
  readonly #arrived = new Map<LogIndex, Arrived>();
  #decidedIdx = 0;
  /** Of states of which something has come, that are not there whole, or that nobody wanted. */
  readonly #kept = new Set<LogIndex>();
  #storing: Promise<void> | undefined;
  /** Who has offered the state that is under way, too: one of them may lead, and waits for this replica to have it. */
  readonly #others = new Set<number>();
  #isClosed = false;

  constructor(incoming: IncomingStates, send: (to: number, note: Note) => void, hasCome: (from: number) => void) {
    this.#incoming = incoming;
    this.#send = send;
    this.#hasCome = hasCome;
  }

  /** Whether the snapshot of this replica must stay the one that it is. */
  get isBusy(): boolean {
    return this.#storing !== undefined || this.#arrived.size > 0;
  }

  /** Learns what an earlier life has begun. */
  async open(): Promise<void> {
    for (const index of await this.#incoming.indices()) this.#kept.add(index);
  }

  offer(from: number, { index, byteLength, checksum }: SnapshotIdentity): void {
    if (this.#isClosed || index <= this.#decidedIdx) return;
    const arrived = this.#arrived.get(index);
    if (arrived !== undefined) {
      arrived.ticks = 0;
      this.#tellArrived(from, index);
    } else if (this.#storing === undefined) this.#store(() => this.#take(from, { index, byteLength, checksum }));
    else if (this.#transfer?.state.index === index) this.#others.add(from);
  }

  /** @throws RangeError where it is not what was asked for */
  piece(from: number, { index, checksum, offset, bytes, bytesChecksum }: Piece): void {
    const transfer = this.#transfer;
    // One that has come before may come again.
    if (transfer?.from !== from || transfer.state.index !== index || transfer.next !== offset) return;
    const { state } = transfer;
    if (offset >= transfer.asked || bytes.byteLength > MAX_PIECE_BYTES) throw new RangeError('more than was asked for');
    if (checksum !== state.checksum) throw new RangeError('a piece of another state');
    if (bytes.byteLength > state.byteLength - offset) throw new RangeError('a piece past the end of the state');
    if (crc32c(bytes) !== bytesChecksum) throw new RangeError('a piece that does not match its checksum');
    transfer.pieces.push(bytes);
    transfer.next += bytes.byteLength;
    transfer.sinceAsked = 0;
    transfer.sincePiece = 0;
    transfer.wake();
  }

  /** Of the last state that is there whole. */
  get arrivedIdx(): LogIndex | undefined {
    return this.#arrived.size === 0 ? undefined : Math.max(...this.#arrived.keys());
  }

  read(index: LogIndex): AsyncGenerator<Buffer, void, undefined> {
    return this.#incoming.at(index).read();
  }

  /** Where it has, it stays until it is installed or decided. */
  hasArrived(index: LogIndex): boolean {
    const arrived = this.#arrived.get(index);
    if (arrived === undefined) return false;
    arrived.isUsed = true;
    return true;
  }

  /**
   * The records that make the state at `index`, which has arrived, this replica's snapshot. Where another has become that
   * since it arrived, the chunks of that one stay until the store is opened again.
   */
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
      // The log got here another way, or who gave it is gone; it may be offered again.
      if (index > decidedIdx && (arrived.isUsed || ++arrived.ticks <= GIVE_UP_TICKS)) continue;
      this.#arrived.delete(index);
      this.#kept.add(index);
    }
    const passed = [...this.#kept].filter((index) => index <= decidedIdx);
    if (passed.length > 0 && this.#storing === undefined && !this.#isClosed) this.#store(() => this.#discard(passed));
    const transfer = this.#transfer;
    // Where all that was asked for has come, it is this side that takes its time.
    if (transfer === undefined || transfer.next === transfer.asked) return;
    if (++transfer.sincePiece > GIVE_UP_TICKS) transfer.end(new Error(`replica ${transfer.from} sends nothing more`));
    else if (++transfer.sinceAsked > ASK_TICKS) this.#ask(transfer, transfer.next, transfer.asked);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#transfer?.end(new Error('the replica ends'));
    await this.#storing;
  }

  #store(store: () => Promise<void>): void {
    this.#storing = store().then(() => {
      this.#storing = undefined;
    });
  }

  /** Never rejects: the peer offers again. */
  async #take(from: number, state: SnapshotIdentity): Promise<void> {
    // Of one that is not there whole, and is not offered, no more than one is kept.
    await this.#discard([...this.#kept].filter((index) => index !== state.index));
    this.#kept.add(state.index);
    try {
      const records = await this.#incoming.at(state.index).take(state, (offset) => this.#pieces(from, state, offset));
      if (this.#isClosed) return;
      this.#kept.delete(state.index);
      this.#arrived.set(state.index, { records, ticks: 0, isUsed: false, isInstalling: false });
      for (const pid of new Set([from, ...this.#others])) this.#tellArrived(pid, state.index);
    } catch {
      // What has come stays.
    } finally {
      this.#transfer = undefined;
      this.#others.clear();
    }
  }

  /** Never rejects: what is left goes in the next life. */
  async #discard(indices: readonly LogIndex[]): Promise<void> {
    for (const index of indices) {
      this.#kept.delete(index);
      await this.#incoming
        .at(index)
        .discard()
        .catch(() => {});
    }
  }

  #tellArrived(from: number, index: LogIndex): void {
    this.#send(from, { type: 'have', index });
    this.#hasCome(from);
  }

  async *#pieces(from: number, state: SnapshotIdentity, begin: number): AsyncGenerator<Uint8Array, void, undefined> {
    const nothing = () => {};
    const transfer = { from, state, pieces: [], next: begin, asked: begin, sinceAsked: 0, sincePiece: 0 };
    const coming: Transfer = { ...transfer, wake: nothing, end: nothing };
    this.#transfer = coming;
    for (let stored = begin; stored < state.byteLength; ) {
      const end = Math.min(stored + WINDOW_BYTES, state.byteLength);
      if (end - coming.asked >= WINDOW_BYTES / 2 || end === state.byteLength) this.#ask(coming, coming.asked, end);
      const piece = coming.pieces.shift() ?? (await this.#nextPiece(coming));
      stored += piece.length;
      yield piece;
    }
  }

  async #nextPiece(transfer: Transfer): Promise<Uint8Array> {
    await new Promise<void>((resolve, reject) => {
      transfer.wake = resolve;
      transfer.end = reject;
      if (this.#isClosed) reject(new Error('the replica ends'));
    });
    return transfer.pieces.shift() as Uint8Array;
  }

  #ask(transfer: Transfer, offset: number, end: number): void {
    const { from, state } = transfer;
    if (offset === end) return;
    transfer.asked = end;
    transfer.sinceAsked = 0;
    this.#send(from, { type: 'fetch', index: state.index, checksum: state.checksum, offset, end });
  }
}
