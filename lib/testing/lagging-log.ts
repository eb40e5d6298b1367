import { PackedBatch } from '../../binding/packed-batch.js';
import type { CheckedOp } from '../contract/checked-op.js';
import type { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import type { Cursor } from '../log/cursor.js';
import { Failures } from '../log/failures.js';
import type { LogAccess, SignalOf, WriteExtras } from '../log/log-access.js';
import { PromisedStorage } from '../log/promised-storage.js';
import type { LogPart, Reading } from '../log/readings.js';
import { isUnsynced } from '../log/transition.js';
import type { EventQueue } from './event-queue.js';
import { DiskFailure, type StoredState } from './runner-disk.js';
import type { SeededRandom } from './seeded-random.js';
import { TICK } from './simulated-network.js';

type Log = LogAccess<Uint8Array, unknown, 'async'>;
type Op = CheckedOp<Uint8Array, unknown>;

export interface Write {
  ops: readonly Op[];
  /** The state that becomes the replica's own with it. */
  state: StoredState | undefined;
  synced: boolean;
  /** Its caller has been told. */
  isDone: boolean;
}

/** Records alongside a write by which a state becomes the replica's own, where that is not in a database. */
export class OwnStateRecord extends PackedBatch {
  readonly state: StoredState;

  constructor(state: StoredState) {
    super();
    this.state = state;
  }
}

/** How long writes take, in virtual time. */
export class Latency {
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  #slowUntil = 0;

  constructor(queue: EventQueue, random: SeededRandom) {
    this.#queue = queue;
    this.#random = random;
  }

  slow(ticks: number): void {
    this.#slowUntil = this.#queue.now + ticks * TICK;
  }

  heal(): void {
    this.#slowUntil = 0;
  }

  next(): number {
    const isSlow = this.#queue.now < this.#slowUntil;
    return isSlow ? this.#random.within(TICK, 8 * TICK) : this.#random.within(10, TICK / 2);
  }

  /** Resolves once a write that begins now would be done. */
  pass(): Promise<void> {
    return new Promise((resolve) => this.#queue.after(this.next(), resolve));
  }
}

/**
 * A log whose writes take virtual time, and may fail. One after the other, as a write-ahead log has it. Each takes effect at
 * once for reads, as those of a database do.
 */
export class LaggingLog implements Log {
  readonly #log: Log;
  readonly #queue: EventQueue;
  readonly #latency: Latency;
  /** What was written, in this life and those before. */
  readonly writes: Write[] = [];
  readonly failures = new Failures();
  #lastDone = 0;
  #failure: DiskFailure | undefined;
  /** The next write fails. */
  isFailing = false;

  constructor(log: Log, queue: EventQueue, latency: Latency) {
    this.#log = log;
    this.#queue = queue;
    this.#latency = latency;
  }

  get codecs() {
    return this.#log.codecs;
  }

  get location() {
    return this.#log.location;
  }

  get cursor() {
    return this.#log.cursor;
  }

  write<V>(
    given: (cursor: Cursor) => readonly Op[],
    result: (after: Cursor, before: Cursor) => V,
    extras: WriteExtras = {},
  ): Promise<V> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { alongside, ...others } = extras;
    const state = alongside instanceof OwnStateRecord ? alongside.state : undefined;
    let ops: readonly Op[] | undefined;
    const noted = (cursor: Cursor) => {
      ops = given(cursor);
      return ops;
    };
    const outcome = this.#log.write(noted, result, state === undefined ? extras : others);
    if (ops === undefined) return outcome; // it was refused
    outcome.catch(() => {}); // who has called is told, later
    const synced = extras.sync === true || ops.some(({ type }) => !isUnsynced(type));
    const write: Write = { ops, state, synced, isDone: false };
    this.writes.push(write);
    if (this.isFailing) this.#failure = new DiskFailure();
    const failure = this.#failure;
    this.#lastDone = Math.max(this.#lastDone, this.#queue.now + this.#latency.next());
    return new Promise((resolve, reject) => {
      this.#queue.at(this.#lastDone, () => {
        if (failure !== undefined) {
          this.failures.poison(failure);
          return reject(failure);
        }
        write.isDone = true;
        resolve(outcome);
      });
    });
  }

  /** Writes that the log of an earlier life has left. */
  restore(writes: readonly Write[]): void {
    for (const write of writes) {
      this.writes.push({ ...write, isDone: true });
      this.#log.write(
        () => write.ops,
        () => {},
      );
    }
  }

  refuseIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  read<V>(reading: (cursor: Cursor) => Reading<V>, signalOf?: SignalOf): Promise<V> {
    return this.#log.read(reading, signalOf);
  }

  readPart(from: LogIndex, to: LogIndex, maxBytes: number): Promise<LogPart<Uint8Array>> {
    return this.#log.readPart(from, to, maxBytes);
  }

  packedNow(from: LogIndex, to: LogIndex): PackedEntries {
    return this.#log.packedNow(from, to);
  }

  refuseIfClosed(): void {
    this.#log.refuseIfClosed();
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

export class LaggingStorage extends PromisedStorage<Uint8Array, unknown> {}
