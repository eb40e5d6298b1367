// The storage contract of OmniPaxos (omnipaxos::storage::Storage) in TypeScript, and the values that pass through it.

/** Absolute position in the log: a safe integer ≥ 0. */
export type LogIndex = number;

/** A u64. Read back as a number where it is a safe integer, else as a bigint. */
export type NodeId = number | bigint;

/** The number of a leader's round. All fields but `pid` are u32. */
export interface Ballot {
  configId: number;
  n: number;
  priority: number;
  pid: NodeId;
}

export interface ClusterConfig {
  /** u32 */
  configurationId: number;
  nodes: NodeId[];
  /** Quorums other than the majority; sizes are numbers of nodes. */
  flexibleQuorum?: { readQuorumSize: number; writeQuorumSize: number };
}

/** The entry that ends a configuration: nothing is accepted after it. */
export interface StopSign {
  nextConfig: ClusterConfig;
  metadata?: Uint8Array;
}

/** Where the log begins and ends: `[first, next)`, gaps included. */
export interface LogBounds {
  /** The lowest live index; `next` where there is none. */
  first: LogIndex;
  /** Where the next append lands. */
  next: LogIndex;
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
 * database reports, and `POISONED` for every write after one whose outcome is unknown.
 */
export interface Storage<T, S = unknown> {
  /** All of `ops` or none, in their order. Synced if any one of them must be. */
  writeAtomically(ops: readonly StorageOp<T, S>[]): void;
  /** Appends behind the highest live entry, and never below the compaction floor. Returns the log length. */
  appendEntry(entry: T): number;
  /** {@link appendEntry} for many, in one write. Returns the log length. */
  appendEntries(entries: readonly T[]): number;
  /**
   * Removes everything at or past `fromIdx`, then writes `entries` from there. With no entries and `fromIdx` past the
   * tail it removes nothing and the tail stays. The place is the caller's word: the floor does not move it. Returns the
   * log length.
   */
  appendOnPrefix(fromIdx: LogIndex, entries: readonly T[]): number;
  setPromise(ballot: Ballot): void;
  getPromise(): Ballot | undefined;
  setAcceptedRound(ballot: Ballot): void;
  getAcceptedRound(): Ballot | undefined;
  setDecidedIdx(idx: LogIndex): void;
  /** 0 where none was set. */
  getDecidedIdx(): LogIndex;
  /** All of `[from, to)`, or nothing: any missing index gives `[]`. */
  getEntries(from: LogIndex, to: LogIndex): T[];
  /** Every live entry at or past `from`. */
  getSuffix(from: LogIndex): T[];
  /** Next index minus the compaction floor, never below 0. */
  getLogLen(): number;
  setStopsign(stopsign: StopSign | undefined): void;
  getStopsign(): StopSign | undefined;
  /** Removes every entry below `idx`. The floor stays; a log emptied by it falls back to the floor. */
  trim(idx: LogIndex): void;
  /** Moves the floor. Entries stay. */
  setCompactedIdx(idx: LogIndex): void;
  /** 0 where none was set. */
  getCompactedIdx(): LogIndex;
  setSnapshot(snapshot: S | undefined): void;
  getSnapshot(): S | undefined;
  /** The snapshot (where one is given), the trim to `idx` and the floor at `idx`, in one atomic write. */
  compact(idx: LogIndex, snapshot?: S): void;
}

/** The same contract, each method returning a promise that settles once its durability promise is kept. */
export type AsyncStorage<T, S = unknown> = {
  [K in keyof Storage<T, S>]: (...args: Parameters<Storage<T, S>[K]>) => Promise<ReturnType<Storage<T, S>[K]>>;
};
