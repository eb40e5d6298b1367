// Which states there are: each follows from the seed of the run and its number.

import type { Profile } from './power-cut.js';
import { WORKLOADS } from './workloads.js';

/** States that are cut from one recording. */
export interface Batch {
  workload: string;
  /** Of the workload. */
  seed: number;
  /** The number of the first state, and how many there are. */
  first: number;
  count: number;
}

const STATES_PER_RECORDING = 50;
const MOST_STATES = 1_000_000;

/** The states `[0, states)` of a run. */
export function batchesOf(runSeed: number, states: number): Batch[] {
  const names = [...WORKLOADS.keys()];
  const batches: Batch[] = [];
  for (let first = 0; first < states; first += STATES_PER_RECORDING) {
    const number = first / STATES_PER_RECORDING;
    const workload = names[number % names.length] as string;
    const seed = runSeed + Math.floor(number / names.length);
    batches.push({ workload, seed, first, count: Math.min(STATES_PER_RECORDING, states - first) });
  }
  return batches;
}

/** That of one state alone. */
export function batchOf(runSeed: number, state: number): Batch {
  const [batch] = batchesOf(runSeed, state + 1).slice(-1) as [Batch];
  return { ...batch, first: state, count: 1 };
}

export function profileOf(state: number): Profile {
  return state % 2 === 0 ? 'ordered' : 'strict';
}

export function seedOf(runSeed: number, state: number): number {
  return runSeed * MOST_STATES + state;
}
