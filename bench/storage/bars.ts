// The speed that this project claims for its storages.

import type { Bar } from '../suite.js';
import type { TurnName } from './turns.js';

export const BARS: readonly Bar<TurnName>[] = [
  {
    title: 'appendEntry, one after another: p50 ÷ C++',
    of: 'storageOne',
    against: ['baselineOne'],
    bound: { atMost: 1.15 },
  },
  {
    title: 'same ÷ fastest Node peer',
    of: 'storageOne',
    against: ['nodeRocksdbOne', 'classicLevelOne', 'lmdbOne'],
    bound: { atMost: 0.7 },
  },
  { title: 'async, 64 in flight: entries/s ÷ lmdb', of: 'async64', against: ['lmdb64'], bound: { atLeast: 1.3 } },
  { title: 'same ÷ classic-level', of: 'async64', against: ['classicLevel64'], bound: { atLeast: 10 } },
  { title: 'same ÷ C++ in batches of 64', of: 'async64', against: ['baselineBatch64'], bound: { atLeast: 0.4 } },
  {
    title: 'async, 1,024 in flight: entries/s ÷ 64 in flight',
    of: 'async1024',
    against: ['async64'],
    bound: { atLeast: 1.3 },
  },
  {
    title: 'async, one at a time: p50 ÷ blocking',
    of: 'asyncOne',
    against: ['storageOne'],
    bound: { atMost: 1.5 },
  },
  {
    title: 'appendEntries of 1,000 raw: entries/s ÷ C++',
    of: 'storageBatch1000',
    against: ['baselineBatch1000'],
    bound: { atLeast: 0.6 },
  },
  {
    title: 'appendEntries of 1,000 objects: entries/s ÷ msgpackr alone',
    of: 'objectsBatch1000',
    against: ['msgpackrAlone'],
    bound: { atLeast: 0.4 },
  },
  {
    title: 'same, async, 4 batches in flight',
    of: 'asyncObjectsBatch1000',
    against: ['msgpackrAlone'],
    bound: { atLeast: 0.4 },
  },
  {
    title: 'readPacked of 10,000 raw: entries/s ÷ C++',
    of: 'storageReadPacked',
    against: ['baselineRead'],
    bound: { atLeast: 0.6 },
  },
  {
    title: "getEntries of 10,000 raw: entries/s ÷ node-rocksdb's iterator",
    of: 'storageRead',
    against: ['nodeRocksdbRead'],
    bound: { atLeast: 8 },
  },
  {
    title: 'same, msgpackr objects, decoded by both',
    of: 'objectsRead',
    against: ['nodeRocksdbReadObjects'],
    bound: { atLeast: 4 },
  },
  {
    title: 'event-loop delay p99, 64 in flight on a slow disk',
    of: 'slowDisk64',
    against: [],
    bound: { below: 5 },
    unit: 'ms',
  },
  ...aimsFromTheFirstWrite(),
  {
    title: 'fresh: p50 ÷ the crate in Rust, fresh',
    of: 'storageOneCold',
    against: ['rustOneCold'],
    bound: { atMost: 1 },
    isAim: true,
  },
  {
    title: 'just reopened: p50 ÷ the crate in Rust, just reopened',
    of: 'storageOneReopened',
    against: ['rustOneReopened'],
    bound: { atMost: 1 },
    isAim: true,
  },
];

/** As quick as ever from the first write on. */
function aimsFromTheFirstWrite(): Bar<TurnName>[] {
  const states = [
    { state: 'fresh', of: 'storageOneCold' },
    { state: 'just reopened', of: 'storageOneReopened' },
  ] as const;
  const rivals = [
    { rival: 'recycled', against: ['storageOne'], bound: { atMost: 1.05 } },
    { rival: 'C++, recycled', against: ['baselineOne'], bound: { atMost: 1.08 } },
  ] as const;
  return states.flatMap(({ state, of }) =>
    rivals.map(({ rival, against, bound }) => ({
      title: `${state}: p50 ÷ ${rival}`,
      of,
      against,
      bound,
      isAim: true as const,
    })),
  );
}
