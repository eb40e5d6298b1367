// The storage contract of OmniPaxos (omnipaxos::storage::Storage) in TypeScript, and the values that pass through it.

import type { AtomicWriteOptions, ReadOptions, ReadSignal } from './options.js';

/** Absolute position in the log: a safe integer ≥ 0. */
export type LogIndex = number;

/** A u64. Read back as a number where it is a safe integer, else as a bigint. */
export type NodeId = number | bigint;

/** The number of a leader's round, by which rounds are compared: `n` first, then `priority`, then `pid`. */
export interface Ballot {
  /** The configuration it belongs to, a u32. */
  configId: number;
  /** Grows with each attempt to lead, a u32. */
  n: number;
  /** Decides between candidates of the same `n`, a u32. */
  priority: number;
  /** The candidate. */
  pid: NodeId;
}

/** The replicas of one configuration. */
export interface ClusterConfig {
  /** A u32. */
  configurationId: number;
  /** Their pids. */
  nodes: NodeId[];
  /** Quorums other than the majority; sizes are numbers of nodes. */
  flexibleQuorum?: { readQuorumSize: number; writeQuorumSize: number };
}

/** The entry that ends a configuration: nothing is accepted after it. */
export interface StopSign {
  /** The configuration that takes over. */
  nextConfig: ClusterConfig;
  /** Bytes of the proposer's own. */
  metadata?: Uint8Array;
}

/** Where the log begins and ends: `[first, next)`, gaps included. */
export interface LogBounds {
  /** The lowest live index; `next` where there is none. */
  first: LogIndex;
  /** Where the next append lands. */
  next: LogIndex;
}

/** The indices `[from, to)` of entries that were appended. */
export interface AppendedRange {
  /** The index of the first of them; where the next append lands if there were none. */
  from: LogIndex;
  /** Behind the last of them: where the next append lands. */
  to: LogIndex;
}

/** An entry and its place in the log. */
export interface IndexedEntry<T> {
  /** Its place. */
  index: LogIndex;
  /** What was appended, decoded. */
  entry: T;
}

/** Every way to change a storage. */
export type StorageOp<T, S> =
  | { type: 'appendEntry'; entry: T }
  | { type: 'appendEntries'; entries: readonly T[] }
  | { type: 'appendOnPrefix'; fromIdx: LogIndex; entries: readonly T[] }
  | { type: 'setPromise'; ballot: Ballot }
  | { type: 'setAcceptedRound'; ballot: Ballot }
  | { type: 'setDecidedIdx'; idx: LogIndex }
  | { type: 'setCompactedIdx'; idx: LogIndex }
  | { type: 'trim'; idx: LogIndex }
  | { type: 'setStopsign'; stopsign: StopSign | undefined }
  | { type: 'setSnapshot'; snapshot: S | undefined };

/**
 * What an OmniPaxos replica must not forget. Each call returns once its durability promise is kept: `append*`,
 * `setPromise`, `setAcceptedRound` and `setStopsign` survive a power failure once they have returned; `setDecidedIdx`,
 * `setCompactedIdx`, `trim`, `setSnapshot` and `compact` survive the end of the process, and a power failure may undo
 * the last of them, never in part.
 *
 * Entries that are live form the log; indices are absolute and do not shift when a prefix is trimmed. The *compaction
 * floor* is `getCompactedIdx()`.
 *
 * Each method throws a {@link StorageError}: `INVALID_ARGUMENT` before anything is written, `CODEC` where a value cannot
 * be encoded or decoded, `META` and `LOG_INTEGRITY` where the disk holds what no storage wrote, `ROCKSDB` for what the
 * database reports, `POISONED` for every write after one whose outcome is unknown, and `CLOSED` once the storage is closed.
 */
export interface Storage<T, S = unknown> {
  /** All of `ops` or none, in their order. Synced if any one of them must be, or if the options say so. */
  writeAtomically(ops: readonly StorageOp<T, S>[], options?: AtomicWriteOptions): void;
  /** Appends behind the highest live entry, and never below the compaction floor. Returns the log length. */
  appendEntry(entry: T): number;
  /** {@link appendEntry} for many, in one write. Returns the log length. */
  appendEntries(entries: readonly T[]): number;
  /** {@link appendEntries}, but returns the indices that the entries were given. */
  append(entries: readonly T[]): AppendedRange;
  /**
   * Removes everything at or past `fromIdx`, then writes `entries` from there. With no entries and `fromIdx` past the
   * tail it removes nothing and the tail stays. The place is the caller's word: the floor does not move it. Returns the
   * log length.
   */
  appendOnPrefix(fromIdx: LogIndex, entries: readonly T[]): number;
  /** The ballot below which this replica has promised to accept nothing. */
  setPromise(ballot: Ballot): void;
  /** Undefined where none was set. */
  getPromise(): Ballot | undefined;
  /** The round in which the log was last accepted. */
  setAcceptedRound(ballot: Ballot): void;
  /** Undefined where none was set. */
  getAcceptedRound(): Ballot | undefined;
  /** Every entry below `idx` is decided. It may go back: what it says is the caller's word. */
  setDecidedIdx(idx: LogIndex): void;
  /** 0 where none was set. */
  getDecidedIdx(): LogIndex;
  /**
   * All of `[from, to)`, or nothing: any missing index gives `[]`. With `maxBytes` it stops behind the entry that reaches
   * them, and does not look at what follows.
   */
  getEntries(from: LogIndex, to: LogIndex, options?: ReadOptions): T[];
  /** Every live entry at or past `from`. */
  getSuffix(from: LogIndex, options?: ReadSignal): T[];
  /**
   * The live entries of `[from, to)`, one by one with their indices, in bounded memory: for a log too long for
   * {@link getSuffix}. `to` is where the log ends at the first `next()`, unless given. A missing index is passed over.
   *
   * The log may change meanwhile: it is read part by part, each as it is by then. Entries removed before they are reached
   * are not given; the indices show it.
   */
  entries(from: LogIndex, to?: LogIndex, options?: ReadOptions): IterableIterator<IndexedEntry<T>>;
  /** Next index minus the compaction floor, never below 0. */
  getLogLen(): number;
  /** Where the log begins and ends. Known without reading the log. */
  getBounds(): LogBounds;
  /** The entry that ends the configuration; undefined takes it away. */
  setStopsign(stopsign: StopSign | undefined): void;
  /** Undefined where there is none. */
  getStopsign(): StopSign | undefined;
  /** Removes every entry below `idx`. The floor stays; a log emptied by it falls back to the floor. */
  trim(idx: LogIndex): void;
  /** Moves the floor, to wherever the caller says. Entries stay. */
  setCompactedIdx(idx: LogIndex): void;
  /** 0 where none was set. */
  getCompactedIdx(): LogIndex;
  /** The state that stands for the entries below the floor; undefined takes it away. */
  setSnapshot(snapshot: S | undefined): void;
  /** Undefined where there is none. */
  getSnapshot(): S | undefined;
  /**
   * The snapshot (where one is given), the trim to `idx` and the floor at `idx`, in one atomic write. `INVALID_ARGUMENT`
   * where `idx` lies below the floor, past the end of the log, or past the decided index.
   */
  compact(idx: LogIndex, snapshot?: S): void;
}

/**
 * The same contract, each method returning a promise that settles once its durability promise is kept; `entries` gives an
 * async iterator.
 */
export type AsyncStorage<T, S = unknown> = {
  [K in Exclude<keyof Storage<T, S>, 'entries'>]: (
    ...args: Parameters<Storage<T, S>[K]>
  ) => Promise<ReturnType<Storage<T, S>[K]>>;
} & {
  entries(...args: Parameters<Storage<T, S>['entries']>): AsyncIterableIterator<IndexedEntry<T>>;
};
