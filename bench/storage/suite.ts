// `npm run bench`: the storages of this project, RocksDB in C++ and other stores for Node.

import { unsteadyTurns } from '../doubts.js';
import { SLOW_DISK_DELAY_US } from '../shared/slow-disk.js';
import { summarize } from '../shared/summary.js';
import { figureOf, type Results, type Suite } from '../suite.js';
import { BARS } from './bars.js';
import { type ContestantName, entrantOf, whyAbsent } from './launches.js';
import { RUST_TOOLKIT } from './rust-toolkit.js';
import { TURNS, type TurnName } from './turns.js';

export const STORAGE_SUITE: Suite = {
  name: 'bench',
  description: 'Measures the speed bars: this storage, RocksDB in C++ and other stores for Node, on one disk.',
  rounds: 21,
  turns: TURNS,
  bars: BARS,
  barsOf: '128-byte entries, synced',
  entrantOf: (name) => entrantOf(name as ContestantName),
  whyAbsent: (name) => whyAbsent(name as ContestantName),
  doubts,
  optional: [RUST_TOOLKIT],
};

const ONE_AFTER_ANOTHER = ['storageOne', 'asyncOne', 'nodeRocksdbOne', 'classicLevelOne', 'lmdbOne'] as const;

function doubts(results: Results): string[] {
  return [...unsteadyTurns(results), ...implausibleTurns(results), ...shimWithoutEffect(results)];
}

/** Its quickest calls took less than half of the quickest fdatasync, so they cannot have waited for one. */
function implausibleTurns({ samples }: Results): string[] {
  const bestP50 = (turn: TurnName) => summarize((samples[turn] ?? []).map((sample) => figureOf('latency', sample))).min;
  return ONE_AFTER_ANOTHER.filter((turn) => samples[turn] && bestP50(turn) < bestP50('diskPreallocated') / 2).map(
    (turn) => `${TURNS[turn].who} took less than half the time of an fdatasync: it does not seem to wait for one.`,
  );
}

function shimWithoutEffect({ samples: { slowDisk64 } }: Results): string[] {
  if (!slowDisk64?.some(({ latencyUs }) => latencyUs.p50 < SLOW_DISK_DELAY_US)) return [];
  return ['The slow disk was not slow: the shim had no effect.'];
}
