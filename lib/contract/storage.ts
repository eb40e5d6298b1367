// The storage contract of OmniPaxos (omnipaxos::storage::Storage) in TypeScript, and the values that pass through it.

import type { AtomicWriteOptions, ReadOptions, ReadSignal } from './options.js';

/** Absolute position in the log: a safe integer ≥ 0. */
export type LogIndex = number;

/** A u64. Read back as a number where it is a safe integer, else as a bigint. */
export type NodeId = number | bigint;

/** The number of a leader's round. Ballots are compared field by field, in the order below. */
export interface Ballot {
  /** Of the configuration that the round is in: a u32. */
  configId: number;
  /** Grows with each attempt to become leader: a u32. */
  n: number;
  /** Of the leader, where two try at once: a u32. */
  priority: number;
  /** The leader. */
  pid: NodeId;
}

/** Which nodes take part, until a stop-sign ends it. */
export interface ClusterConfig {
  /** The number of the configuration: a u32. */
  configurationId: number;
  /** All nodes that take part. */
  nodes: NodeId[];
  /** Quorums other than the majority. The sizes are numbers of nodes. */
  flexibleQuorum?: { readQuorumSize: number; writeQuorumSize: number };
}

/** The entry that ends a configuration: nothing is accepted after it. */
export interface StopSign {
  /** The configuration that comes after it. */
  nextConfig: ClusterConfig;
  /** Bytes of the caller's own. They come back as a `Buffer`. */
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
  /** Its place in the log. */
  index: LogIndex;
  /** As the codec decodes it. */
  entry: T;
}

/** Every way to change a storage: a `writeAtomically` of one of them is the method of its `type`. */
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
 * An entry is live from its append until it is removed. Indices are absolute: they do not shift when a prefix is trimmed.
 * The *compaction floor* is `getCompactedIdx()`. What is given and what comes back is the caller's: changing it changes
 * nothing that is stored.
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
   * Removes everything at or past `fromIdx`, then writes `entries` from there, also below the floor. With no entries and
   * `fromIdx` past the end it changes nothing. Returns the log length.
   */
  appendOnPrefix(fromIdx: LogIndex, entries: readonly T[]): number;
  /** Notes the ballot below which this replica has promised to accept nothing. */
  setPromise(ballot: Ballot): void;
  /** The promised ballot; undefined where none was set. */
  getPromise(): Ballot | undefined;
  /** Notes the round in which the log was last accepted. */
  setAcceptedRound(ballot: Ballot): void;
  /** The accepted round; undefined where none was set. */
  getAcceptedRound(): Ballot | undefined;
  /** Notes that every entry below `idx` is decided. It may go back: the caller is believed. */
  setDecidedIdx(idx: LogIndex): void;
  /** The decided index; 0 where none was set. */
  getDecidedIdx(): LogIndex;
  /**
   * All of `[from, to)`, or nothing: any missing index gives `[]`. With `maxBytes` it stops behind the entry that reaches
   * them, and does not look at what follows.
   */
  getEntries(from: LogIndex, to: LogIndex, options?: ReadOptions): T[];
  /** Every live entry at or past `from`, all in memory at once. */
  getSuffix(from: LogIndex, options?: ReadSignal): T[];
  /**
   * The live entries of `[from, to)`, one by one with their indices, in bounded memory: for a log too long for
   * {@link getSuffix}. `to` is where the log ends at the first `next()`, unless given. A missing index is passed over.
   *
   * The log may change meanwhile: it is read part by part, each as it is by then. Entries removed before they are reached
   * are not given; the indices show it.
   */
  entries(from: LogIndex, to?: LogIndex, options?: ReadOptions): IterableIterator<IndexedEntry<T>>;
  /** Where the next append lands, minus the compaction floor; never below 0. */
  getLogLen(): number;
  /** Where the log begins and ends. Known without reading the log. */
  getBounds(): LogBounds;
  /** Notes the entry that ends the configuration; undefined takes it away. */
  setStopsign(stopsign: StopSign | undefined): void;
  /** The stop-sign; undefined where there is none. */
  getStopsign(): StopSign | undefined;
  /** Removes every entry below `idx`. The floor stays; a log emptied by it falls back to the floor. */
  trim(idx: LogIndex): void;
  /** Moves the floor, forward or back: the caller is believed. Entries stay. */
  setCompactedIdx(idx: LogIndex): void;
  /** The compaction floor; 0 where none was set. */
  getCompactedIdx(): LogIndex;
  /** Keeps the state that stands for the entries below the floor; undefined takes it away. */
  setSnapshot(snapshot: S | undefined): void;
  /** The snapshot; undefined where there is none. */
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
