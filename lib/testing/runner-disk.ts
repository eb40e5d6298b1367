import type { LogIndex } from '../contract/storage.js';
import type { PromisedStorage } from '../log/promised-storage.js';
import type { StateStore } from '../replica/state-store.js';
import type { SnapshotSource } from '../snapshots/snapshot.js';

/** The name of the replica's own state in its disk's {@link StateStore}. */
export const OWN_STATE = 'state';
/** Small, so that a state has several. */
export const PIECE_BYTES = 64;

/** What the entries below an index have led to. */
export interface StoredState {
  index: LogIndex;
  bytes: Buffer;
}

/** The disk of a simulated replica whose storage gives promises. Its writes take virtual time. */
export interface RunnerDisk {
  /** Of this life. */
  readonly storage: PromisedStorage<Uint8Array, unknown>;
  readonly states: StateStore;
  /** No replica has ever started on it. */
  readonly isNew: boolean;
  /** What is decided, as no crash can take back. */
  readonly certainDecidedIdx: LogIndex;
  /** To be called before each life. */
  open(): Promise<void>;
  ownState(): Promise<StoredState | undefined>;
  /** Stores the replica's own state, and removes the log below it but for `keepEntries`, in one write. */
  compactTo(state: StoredState, keepEntries: number): Promise<void>;
  /** For `ticks`, each write takes up to a few of them. */
  slow(ticks: number): void;
  failNext(): void;
  /** No trouble from now on. */
  heal(): void;
  /** The process ends, or the power fails. The storage is another object afterwards. */
  crash(losingPower: boolean): void;
  /** It is used no more. */
  close(): Promise<void>;
}

/** What a simulated disk fails with. */
export class DiskFailure extends Error {
  constructor() {
    super('the simulated disk has failed');
    this.name = 'DiskFailure';
  }
}

export async function wholeOf(source: SnapshotSource): Promise<Buffer> {
  if (source instanceof Uint8Array) return Buffer.from(source);
  const all: Uint8Array[] = [];
  for await (const piece of source) all.push(piece);
  return Buffer.concat(all);
}
