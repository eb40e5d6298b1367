// What the runner and the contestants say to each other. A contestant is a process with a folder of its own. It first
// prints a Hello; then each line on its stdin, a work and numbers by name ("append batch=64 ms=400"), is answered by one
// line of JSON; a Failure in place of an answer ends it. The end of stdin ends a contestant too. request.h and sample.h in
// ../native-baseline are the same in C++.

/** The calls of a storage whose price depends on whether they are synced. */
export const OPERATIONS = [
  'promise',
  'accepted-round',
  'append-1',
  'append-n',
  'decided-index',
  'trim',
  'compact',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export type TimedWork =
  /** Synced appends: `batch` entries a call, `inFlight` calls at a time. */
  | 'append'
  /** The same in a new database, whose WAL grows with each fsync. */
  | 'append-cold'
  /** The same in a database that has just been closed and opened again, which forgets the WAL files that it had kept. */
  | 'append-reopened'
  /** `append`, with the event loop's delay watched. Blocking: `inFlight` calls in each turn of the loop. */
  | 'append-watching-loop'
  /** No storage: the encoder alone, `batch` entries a call. */
  | 'encode'
  /** Reads `READ_ENTRIES` entries a call. */
  | 'read'
  /** The same as they are stored, with no object for each. */
  | 'read-packed'
  /** `read`, but of encoded objects, which are decoded. */
  | 'read-objects'
  /** The same, not decoded. */
  | 'read-encoded-objects'
  /** Kills the leader `batch` times. A call is from then to what the others decide next. */
  | 'kill'
  /** pwrite and fdatasync on a file that grows with each. */
  | 'write-growing'
  /** pwrite and fdatasync on a file that has its size already. */
  | 'write-preallocated'
  /** The same two with fsync in place of fdatasync. */
  | 'write-growing-fsync'
  | 'write-preallocated-fsync'
  /** Calls of one operation, synced or not as the storage does it; `append-n`, `trim` and `compact` take `batch` entries. */
  | `operation-${Operation}`
  /** The same records with the syncing reversed: synced where the storage does not sync, and the other way round. */
  | `opposite-${Operation}`;

export type UntimedWork =
  /** Removes what was appended, and waits until nothing runs in the background. */
  | 'settle'
  /** Writes much beside what is appended, for its WALs to become as long as entries of any size will need. */
  | 'fill'
  /** Makes all that the file system holds in memory durable. */
  | 'sync-file-system';

/** The numbers of a request. */
export interface WorkNumbers {
  /** For how long to go on. */
  ms?: number;
  batch?: number;
  inFlight?: number;
  /** {@link ENTRY_BYTES} where it is not given; objects are as large as they are. */
  entryBytes?: number;
}

export const ENTRY_BYTES = 128;
export const READ_ENTRIES = 10_000;

export interface Hello {
  version: string;
  /** The setting that makes a write durable before it is acknowledged. */
  durability: string;
}

/** In place of an answer. */
export interface Failure {
  error: string;
}

export const PERCENTILES = { p10: 10, p25: 25, p50: 50, p75: 75, p90: 90, p99: 99, 'p99.9': 99.9, max: 100 } as const;
export type PercentileName = keyof typeof PERCENTILES;
/** Microseconds. */
export type Percentiles = Record<PercentileName, number>;

/** What one turn measured. */
export interface Sample {
  entries: number;
  seconds: number;
  /** Of one call: of one append, one batch, one read. */
  latencyUs: Percentiles;
  /** Of the WAL, where the contestant can tell. */
  fsyncs?: number;
  /** Bytes that the process handed to the storage layer, where the system tells. */
  writtenBytes?: number;
  /** What perf_hooks.monitorEventLoopDelay saw, its sampling interval of 1 ms included. */
  loopDelayUs?: Percentiles;
  /** How often another replica came to lead meanwhile, where there are replicas. */
  leaderChanges?: number;
  /** Of the processors, by all processes of the contestant, where the system tells. */
  processorUs?: number;
  /** Of each kill. */
  pausesMs?: number[];
}

export function formatRequest(work: TimedWork | UntimedWork, numbers: WorkNumbers = {}): string {
  return [work, ...Object.entries(numbers).map(([name, value]) => `${name}=${value}`)].join(' ');
}

export function parseRequest(line: string): { work: TimedWork | UntimedWork; numbers: WorkNumbers } {
  const [work, ...words] = line.split(' ');
  const numbers = Object.fromEntries(words.map((word) => word.split('='))) as Record<string, string>;
  return {
    work: work as TimedWork | UntimedWork,
    numbers: Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)])),
  };
}
