import { crc32c } from '../../binding/crc32c.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import type { SnapshotIdentity } from '../snapshots/incoming-snapshot.js';
import { isSnapshotDamage } from '../snapshots/snapshot-damage.js';
import { ByteBudget } from './byte-budget.js';
import { MAX_PIECE_BYTES, type Note, PIECE_AT } from './notes.js';
import type { CheckedReplicaOptions } from './replica-options.js';
import type { StateChunks, StateStore } from './state-store.js';

/** Between two offers to a peer. */
const OFFER_TICKS = 10;
/** Of a peer that asks for nothing more: its transfer is over. */
const IDLE_TICKS = 500;

/** No peer asks for more at once. */
const MAX_PART_BYTES = 8 * 1024 * 1024;

export interface TransferLimits {
  /** Of pieces to all peers together. */
  bytesPerTick: number;
  /** Of any message. */
  maxMessageBytes: number;
}

export function limitsOf({
  stateBytesPerSecond,
  tickIntervalMs,
  transport,
}: Pick<
  CheckedReplicaOptions<unknown, unknown>,
  'stateBytesPerSecond' | 'tickIntervalMs' | 'transport'
>): TransferLimits {
  const { maxMessageBytes = Number.MAX_SAFE_INTEGER } = transport;
  return { bytesPerTick: (stateBytesPerSecond * tickIntervalMs) / 1000, maxMessageBytes };
}

interface Transfer {
  index: LogIndex;
  /** Which snapshot has been offered; undefined before. */
  state: SnapshotIdentity | undefined;
  /** The peer has said that it has all of it. */
  isGiven: boolean;
  /** Since the peer was last heard. */
  idleTicks: number;
  sinceOffer: number;
  reading: ChunksForPeer | undefined;
  /** The part that the peer has asked for and not been sent. */
  next: number;
  end: number;
  isBusy: boolean;
}

/** A snapshot that is being read for a peer, from some chunk on. */
class ChunksForPeer {
  readonly #chunks: StateChunks;
  /** The last that was read. */
  #begin: number;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: StateChunks) {
    this.#chunks = chunks;
    this.#begin = chunks.given.byteLength;
  }

  /** Whether {@link at} can give it without beginning anew. */
  reaches(offset: number): boolean {
    return offset >= this.#begin;
  }

  /** What begins at `offset`, of up to `most` bytes; undefined behind the end. One call at a time. */
  async at(offset: number, most: number): Promise<Buffer | undefined> {
    while (offset >= this.#begin + this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next === undefined) return undefined;
      this.#begin += this.#chunk.length;
      this.#chunk = next;
    }
    const from = offset - this.#begin;
    return this.#chunk.subarray(from, from + most);
  }

  /** Never rejects. */
  close(): Promise<void> {
    return this.#chunks.release();
  }
}

/**
 * Gives this replica's snapshot to peers that lack what the log has no longer. It is offered, and the peer asks for one part
 * after the other: no more is under way than it has asked for, and one piece for each peer is in memory. Meanwhile no other
 * snapshot may take its place, and the log stays from its index on.
 */
export class StateSender {
  readonly #store: StateStore;
  readonly #name: string;
  readonly #budget: ByteBudget;
  readonly #maxPieceBytes: number;
  readonly #send: (to: number, note: Note) => void | Promise<void>;
  readonly #transfers = new Map<number, Transfer>();
  /** Where the snapshot is; undefined where there is none. */
  readonly #current: () => LogIndex | undefined;
  /** The snapshot is damaged. */
  readonly #isDamaged: (error: StorageError) => void;

  constructor(
    store: StateStore,
    name: string,
    { bytesPerTick, maxMessageBytes }: TransferLimits,
    current: () => LogIndex | undefined,
    send: (to: number, note: Note) => void | Promise<void>,
    isDamaged: (error: StorageError) => void,
  ) {
    this.#store = store;
    this.#name = name;
    this.#budget = new ByteBudget(bytesPerTick);
    this.#maxPieceBytes = Math.min(MAX_PIECE_BYTES, maxMessageBytes - PIECE_AT);
    this.#current = current;
    this.#send = send;
    this.#isDamaged = isDamaged;
  }

  /** Whether a peer needs the snapshot as it is. */
  get isBusy(): boolean {
    return this.#transfers.size > 0;
  }

  isSendingTo(pid: number): boolean {
    return this.#transfers.has(pid);
  }

  /** The peers that have the snapshot that there is. */
  get givenTo(): readonly number[] {
    const current = this.#current();
    return [...this.#transfers].filter(([, { isGiven, index }]) => isGiven && index === current).map(([pid]) => pid);
  }

  /** Whether `pid` has the state at `index`; where not, it is offered it. */
  isGiven(pid: number, index: LogIndex): boolean {
    const before = this.#transfers.get(pid);
    const transfer = before?.index === index ? before : this.#begin(pid, index);
    if (transfer === undefined) return false; // it has been replaced since: the next sync is for another
    if (transfer.isGiven) return true;
    if (transfer.sinceOffer >= OFFER_TICKS) this.#offer(pid, transfer);
    return false;
  }

  #begin(pid: number, index: LogIndex): Transfer | undefined {
    if (this.#current() !== index) return undefined;
    const before = this.#transfers.get(pid);
    if (before !== undefined) this.#end(pid, before);
    const transfer: Transfer = {
      index,
      state: undefined,
      isGiven: false,
      idleTicks: 0,
      sinceOffer: OFFER_TICKS,
      reading: undefined,
      next: 0,
      end: 0,
      isBusy: false,
    };
    this.#transfers.set(pid, transfer);
    return transfer;
  }

  /** Never rejects: what goes wrong is tried again. */
  async #offer(pid: number, transfer: Transfer): Promise<void> {
    transfer.sinceOffer = 0;
    try {
      const found = await this.#store.identityOf(this.#name);
      if (found === undefined) throw gone(this.#name);
      const { index, byteLength, checksum } = found;
      if (index !== transfer.index || this.#transfers.get(pid) !== transfer) return;
      transfer.state = { index, byteLength, checksum };
    } catch (error) {
      this.#failed(transfer, error);
      return;
    }
    this.#send(pid, { type: 'offer', ...transfer.state });
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

  /** Goes on behind what was asked for before, or begins anew. */
  fetch(pid: number, { index, checksum, offset, end }: Extract<Note, { type: 'fetch' }>): void {
    const transfer = this.#transfers.get(pid);
    if (transfer?.index !== index || transfer.state?.checksum !== checksum) return;
    transfer.idleTicks = 0;
    if (offset !== transfer.end) transfer.next = offset;
    transfer.end = Math.min(end, offset + MAX_PART_BYTES);
    if (!transfer.isBusy) this.#give(pid, transfer, transfer.state);
  }

  /** Of what else goes wrong the peer is not told: it asks again, and gives up in the end. */
  async #give(pid: number, transfer: Transfer, { index, checksum }: SnapshotIdentity): Promise<void> {
    const isOver = () => this.#transfers.get(pid) !== transfer;
    transfer.isBusy = true;
    try {
      while (!isOver() && transfer.next < transfer.end) {
        const offset = transfer.next;
        const bytes = await this.#read(transfer, offset);
        if (bytes === undefined) break; // it has been replaced since
        await this.#budget.take(bytes.length);
        if (isOver() || transfer.next !== offset) continue; // begun anew
        transfer.next += bytes.length;
        await this.#send(pid, { type: 'piece', index, checksum, offset, bytes, bytesChecksum: crc32c(bytes) });
      }
    } catch (error) {
      transfer.reading?.close();
      transfer.reading = undefined;
      this.#failed(transfer, error);
    } finally {
      transfer.isBusy = false;
      if (isOver()) transfer.reading?.close();
    }
  }

  /** Where the snapshot is damaged nobody gets it: another is to take its place. */
  #failed({ index }: Transfer, error: unknown): void {
    if (!isSnapshotDamage(error) || this.#current() !== index) return;
    for (const [pid, transfer] of this.#transfers) if (transfer.index === index) this.#end(pid, transfer);
    this.#isDamaged(error);
  }

  async #read(transfer: Transfer, offset: number): Promise<Buffer | undefined> {
    if (transfer.reading?.reaches(offset) !== true) {
      transfer.reading?.close();
      transfer.reading = undefined;
      const reading = await this.#store.readFrom(this.#name, offset);
      if (reading === undefined) throw gone(this.#name);
      const { manifest, chunks } = reading;
      if (manifest.index !== transfer.index || manifest.checksum !== transfer.state?.checksum) {
        await chunks.release();
        return undefined;
      }
      transfer.reading = new ChunksForPeer(chunks);
    }
    return transfer.reading.at(offset, this.#maxPieceBytes);
  }

  /** The peer has decided so much. */
  told(pid: number, decidedIdx: LogIndex): void {
    const transfer = this.#transfers.get(pid);
    if (transfer !== undefined && decidedIdx >= transfer.index) this.#end(pid, transfer);
  }

  tick(): void {
    this.#budget.tick();
    for (const [pid, transfer] of this.#transfers) {
      transfer.sinceOffer++;
      if (++transfer.idleTicks > IDLE_TICKS) this.#end(pid, transfer);
    }
  }

  close(): void {
    for (const [pid, transfer] of this.#transfers) this.#end(pid, transfer);
    this.#budget.close();
  }

  #end(pid: number, transfer: Transfer): void {
    this.#transfers.delete(pid);
    if (!transfer.isBusy) transfer.reading?.close();
  }
}

function gone(name: string): StorageError {
  return new StorageError('META', `snapshot ${JSON.stringify(name)} is missing`);
}
