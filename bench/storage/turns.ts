// What the storage suite measures. Turns that are compared stand side by side, so that they are measured within seconds of each
// other.

import type { Turn } from '../suite.js';
import type { ContestantName } from './launches.js';

const BASELINE = { contestant: 'baseline', who: 'RocksDB in C++' } as const;
const STORAGE = { contestant: 'storage', who: 'RocksdbStorage' } as const;
const OBJECTS = { contestant: 'storage-objects', who: 'RocksdbStorage' } as const;
const ASYNC_OBJECTS = { contestant: 'async-objects', who: 'AsyncRocksdbStorage' } as const;
const ASYNC = { contestant: 'async-storage', who: 'AsyncRocksdbStorage' } as const;
const NODE_ROCKSDB = { contestant: 'node-rocksdb', who: 'node-rocksdb' } as const;
const CLASSIC_LEVEL = { contestant: 'classic-level', who: 'classic-level' } as const;
const RUST = { contestant: 'rust-toolkit', who: 'tsoracle-paxos-toolkit' } as const;
const LMDB = { contestant: 'lmdb', who: 'lmdb' } as const;

const ONE = { work: 'append', what: 'one entry after another', figure: 'latency' } as const;
const ONE_COLD = { work: 'append-cold', what: 'the same, fresh: WAL not yet recycled', figure: 'latency' } as const;
const ONE_REOPENED = { work: 'append-reopened', what: 'the same, just reopened', figure: 'latency' } as const;
const IN_FLIGHT_64 = {
  work: 'append',
  what: '64 appends in flight',
  figure: 'rate',
  numbers: { inFlight: 64 },
} as const;
const IN_FLIGHT_1024 = {
  work: 'append',
  what: '1,024 appends in flight',
  figure: 'rate',
  numbers: { inFlight: 1024 },
} as const;
const BATCH_64 = { work: 'append', what: 'batches of 64', figure: 'rate', numbers: { batch: 64 } } as const;
const BATCH_1000 = { work: 'append', what: 'batches of 1,000', figure: 'rate', numbers: { batch: 1000 } } as const;
const READ = { work: 'read', what: 'reads of 10,000 entries', figure: 'rate' } as const;

export const TURNS = {
  diskGrowing: {
    contestant: 'baseline',
    who: 'disk',
    work: 'write-growing',
    what: 'pwrite + fdatasync, growing file',
    figure: 'latency',
  },
  diskPreallocated: {
    contestant: 'baseline',
    who: 'disk',
    work: 'write-preallocated',
    what: 'pwrite + fdatasync, preallocated file',
    figure: 'latency',
  },

  baselineOne: { ...BASELINE, ...ONE },
  storageOne: { ...STORAGE, ...ONE },
  asyncOne: { ...ASYNC, ...ONE },
  nodeRocksdbOne: { ...NODE_ROCKSDB, ...ONE },
  classicLevelOne: { ...CLASSIC_LEVEL, ...ONE },
  lmdbOne: { ...LMDB, ...ONE },

  rustOne: { ...RUST, ...ONE },

  baselineOneCold: { ...BASELINE, ...ONE_COLD },
  storageOneCold: { ...STORAGE, ...ONE_COLD },
  rustOneCold: { ...RUST, ...ONE_COLD },
  baselineOneReopened: { ...BASELINE, ...ONE_REOPENED },
  storageOneReopened: { ...STORAGE, ...ONE_REOPENED },
  rustOneReopened: { ...RUST, ...ONE_REOPENED },

  baselineBatch64: { ...BASELINE, ...BATCH_64 },
  async64: { ...ASYNC, ...IN_FLIGHT_64 },
  async1024: { ...ASYNC, ...IN_FLIGHT_1024 },
  lmdb64: { ...LMDB, ...IN_FLIGHT_64 },
  classicLevel64: { ...CLASSIC_LEVEL, ...IN_FLIGHT_64 },
  nodeRocksdb64: { ...NODE_ROCKSDB, ...IN_FLIGHT_64 },

  baselineBatch1000: { ...BASELINE, ...BATCH_1000 },
  storageBatch1000: { ...STORAGE, ...BATCH_1000 },
  rustBatch1000: { ...RUST, ...BATCH_1000 },

  msgpackrAlone: {
    contestant: 'msgpackr',
    who: 'msgpackr alone',
    work: 'encode',
    what: 'encoding flight records',
    figure: 'rate',
    numbers: { batch: 1000 },
  },
  objectsBatch1000: { ...OBJECTS, ...BATCH_1000, what: 'batches of 1,000 flight records' },
  asyncObjectsBatch1000: {
    ...ASYNC_OBJECTS,
    ...BATCH_1000,
    what: 'batches of 1,000 flight records, 4 in flight',
    numbers: { batch: 1000, inFlight: 4 },
  },

  baselineRead: { ...BASELINE, ...READ, what: 'scans of 10,000 entries that copy them' },
  storageReadPacked: { ...STORAGE, ...READ, work: 'read-packed', what: 'packed reads of 10,000 entries' },
  storageRead: { ...STORAGE, ...READ },
  rustRead: { ...RUST, ...READ },
  nodeRocksdbRead: { ...NODE_ROCKSDB, ...READ },
  objectsRead: { ...OBJECTS, ...READ, what: 'reads of 10,000 flight records' },
  nodeRocksdbReadObjects: {
    ...NODE_ROCKSDB,
    work: 'read-objects',
    what: 'reads of 10,000 flight records, decoded',
    figure: 'rate',
  },
  nodeRocksdbReadEncoded: {
    ...NODE_ROCKSDB,
    work: 'read-encoded-objects',
    what: 'reads of 10,000 flight records, not decoded',
    figure: 'rate',
  },

  slowDisk64: {
    contestant: 'async-storage-on-slow-disk',
    who: 'AsyncRocksdbStorage',
    work: 'append-watching-loop',
    what: '64 appends in flight, fsync made 5 ms slower: loop delay p99',
    figure: 'loop-delay',
    numbers: { inFlight: 64 },
  },
} as const satisfies Record<string, Turn & { contestant: ContestantName }>;

export type TurnName = keyof typeof TURNS;
