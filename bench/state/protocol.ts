// What `npm run bench:state` and its replicas, each a process of its own, tell each other.

export const GROUP = 'bench';
/** Bytes of the state of each replica. */
export const STATE_BYTES = 2 ** 30;
export const MIB = 2 ** 20;

/** What a replica's process is told on its command line, as JSON. */
export interface ReplicaSetting {
  path: string;
  pid: number;
  ports: number[];
  bootstrap: boolean;
  stateBytesPerSecond: number | undefined;
}

export type Order =
  /** Proposals, so many under way at once, until `rest`. */
  | { type: 'propose'; inFlight: number }
  | { type: 'rest' }
  | { type: 'snapshot' }
  | { type: 'status' }
  | { type: 'stop' };

export interface Standing {
  isLeader: boolean;
  hasLeader: boolean;
  decidedIdx: number;
  appliedIdx: number;
  compactedIdx: number;
  /** How often a state was put in the place of its own. */
  restored: number;
  /** Resident at most, since the process began. */
  peakBytes: number;
}

export interface Latencies {
  proposals: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  longest: number;
}
