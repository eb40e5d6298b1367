// What the suite measures. Turns that are compared stand side by side.

import type { TimedWork } from '../shared/protocol.js';
import type { FigureKind, Turn } from '../suite.js';
import type { ContestantName } from './contestants.js';

const REPLICA = { contestant: 'replicas', who: 'Replica, in the process' } as const;
const HTTP = { contestant: 'http', who: 'replicated-kv, HTTP' } as const;
const ETCD = { contestant: 'etcd', who: 'etcd, gRPC' } as const;

function inFlight<N extends number>(count: N) {
  const figure: FigureKind = count === 1 ? 'latency' : 'rate';
  const what = count === 1 ? 'one entry after another' : `${count.toLocaleString('en')} entries in flight`;
  return { work: 'append' as TimedWork, what, figure, numbers: { inFlight: count } };
}

/** So many a round that there are 50 in all. */
const KILLS = {
  work: 'kill',
  what: 'from the end of the leader to the next entry',
  figure: 'pause',
  numbers: { batch: 6 },
} as const;

export const TURNS = {
  replicaOne: { ...REPLICA, ...inFlight(1) },
  etcdOne: { ...ETCD, ...inFlight(1) },
  httpOne: { ...HTTP, ...inFlight(1) },

  replica64: { ...REPLICA, ...inFlight(64) },
  etcd64: { ...ETCD, ...inFlight(64) },
  http64: { ...HTTP, ...inFlight(64) },

  replica256: { ...REPLICA, ...inFlight(256) },
  etcd256: { ...ETCD, ...inFlight(256) },
  http256: { ...HTTP, ...inFlight(256) },

  replica1024: { ...REPLICA, ...inFlight(1024) },
  etcd1024: { ...ETCD, ...inFlight(1024) },
  http1024: { ...HTTP, ...inFlight(1024) },

  replicaKilled: { ...REPLICA, ...KILLS },
  etcdKilled: { ...ETCD, ...KILLS },
} as const satisfies Record<string, Turn & { contestant: ContestantName }>;

export type TurnName = keyof typeof TURNS;
