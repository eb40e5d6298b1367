// What the consensus suite measures. Turns that are compared stand side by side.

import type { TimedWork } from '../shared/protocol.js';
import type { FigureKind, Turn } from '../suite.js';
import type { ContestantName } from './launches.js';

const RUST = { contestant: 'pure-rust', who: 'OmniPaxos in Rust' } as const;
const MEMORY = { contestant: 'runners-in-memory', who: 'PaxosRunner, memory' } as const;
const HELD = { contestant: 'held-runners', who: 'PaxosRunner, earlyRelease: false' } as const;
const DURABLE = { contestant: 'durable-runners', who: 'PaxosRunner, durable' } as const;
const TCP = { contestant: 'runners-on-tcp', who: 'PaxosRunner, three processes' } as const;
const HELD_TCP = { contestant: 'held-runners-on-tcp', who: 'three processes, earlyRelease: false' } as const;

function inFlight<N extends number>(count: N) {
  const figure: FigureKind = count === 1 ? 'latency' : 'rate';
  const what = count === 1 ? 'one proposal after another' : `${count.toLocaleString('en')} proposals in flight`;
  return { work: 'append' as TimedWork, what, figure, numbers: { inFlight: count } };
}

export const TURNS = {
  disk: {
    contestant: 'baseline',
    who: 'disk',
    work: 'write-preallocated',
    what: 'pwrite + fdatasync, preallocated file',
    figure: 'latency',
  },
  storageOne: {
    contestant: 'storage',
    who: 'RocksdbStorage',
    work: 'append',
    what: 'one synced append after another',
    figure: 'latency',
  },
  durableOne: { ...DURABLE, ...inFlight(1) },
  tcpOne: { ...TCP, ...inFlight(1) },
  heldOne: { ...HELD, ...inFlight(1) },
  heldTcpOne: { ...HELD_TCP, ...inFlight(1) },
  memoryOne: { ...MEMORY, ...inFlight(1) },
  rustOne: { ...RUST, ...inFlight(1) },

  durable64: { ...DURABLE, ...inFlight(64) },
  tcp64: { ...TCP, ...inFlight(64) },
  memory64: { ...MEMORY, ...inFlight(64) },
  rust64: { ...RUST, ...inFlight(64) },

  durable256: { ...DURABLE, ...inFlight(256) },
  tcp256: { ...TCP, ...inFlight(256) },
  memory256: { ...MEMORY, ...inFlight(256) },
  rust256: { ...RUST, ...inFlight(256) },

  async1024: {
    contestant: 'async-storage',
    who: 'AsyncRocksdbStorage',
    work: 'append',
    what: '1,024 synced appends in flight',
    figure: 'rate',
    numbers: { inFlight: 1024 },
  },
  durable1024: { ...DURABLE, ...inFlight(1024) },
  tcp1024: { ...TCP, ...inFlight(1024) },
  memory1024: { ...MEMORY, ...inFlight(1024) },
  rust1024: { ...RUST, ...inFlight(1024) },

  durable4096: { ...DURABLE, ...inFlight(4096) },
  tcp4096: { ...TCP, ...inFlight(4096) },
  memory4096: { ...MEMORY, ...inFlight(4096) },
  rust4096: { ...RUST, ...inFlight(4096) },

  slowDisk256: {
    contestant: 'runners-on-slow-disk',
    who: 'PaxosRunner, durable',
    work: 'append-watching-loop',
    what: '256 proposals in flight, fsync made 5 ms slower: loop delay p99',
    figure: 'loop-delay',
    numbers: { inFlight: 256 },
  },
} as const satisfies Record<string, Turn & { contestant: ContestantName }>;

export type TurnName = keyof typeof TURNS;
