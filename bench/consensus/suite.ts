// `npm run bench:consensus`: replicas in one process, in memory and durable, and in three, beside OmniPaxos in Rust and the
// storage alone.

import { unsteadyTurns } from '../doubts.js';
import { SLOW_DISK_DELAY_US } from '../shared/slow-disk.js';
import type { Results, Suite } from '../suite.js';
import { BARS } from './bars.js';
import { type ContestantName, entrantOf, whyAbsent } from './launches.js';
import { TURNS, type TurnName } from './turns.js';

export const CONSENSUS_SUITE: Suite = {
  name: 'bench:consensus',
  description: 'Measures three replicas: in Rust, in memory, durable, and in a process each.',
  rounds: 15,
  leadInMs: 250,
  quick: { rounds: 7, turnMs: 150, leadInMs: 150 },
  turns: TURNS,
  bars: BARS,
  barsOf: '128-byte entries, three replicas',
  entrantOf: (name) => entrantOf(name as ContestantName),
  whyAbsent: (name) => whyAbsent(name as ContestantName),
  doubts: (results) => [...unsteadyTurns(results), ...unledTurns(results), ...shimWithoutEffect(results)],
};

/** Proposals may be lost where the lead moves: what was measured is then no steady state. */
function unledTurns({ samples }: Results): string[] {
  const moved = Object.entries(samples).filter(
    ([turn, taken]) => turn !== SLOW && taken.some(({ leaderChanges }) => leaderChanges),
  );
  return moved.map(([turn]) => `${TURNS[turn as TurnName].who}, ${TURNS[turn as TurnName].what}: the lead has moved.`);
}

const SLOW: TurnName = 'slowDisk256';

function shimWithoutEffect({ samples }: Results): string[] {
  if (!samples[SLOW]?.some(({ latencyUs }) => latencyUs.p50 < SLOW_DISK_DELAY_US)) return [];
  return ['The slow disk was not slow: the shim had no effect.'];
}
