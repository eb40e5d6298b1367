// What a workload does, step by step: data that follows from a seed, so that whoever checks a disk knows it too.

import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { ExpectedState } from './expected-state.js';
import type { Op, Step } from './step.js';

/** How often a kind of step is taken, in comparison with the others. */
type Weights = Partial<Record<Step['type'], number>>;

/** A workload in one process on one database. */
export interface Workload {
  storage: 'blocking' | 'async';
  steps: number;
  weights: Weights;
  /** Most bytes of an entry. */
  entryBytes: number;
  recycleWalFiles?: number;
  /** Of a hundred writes, how many are chosen among those that are not synced. Default 0. */
  unsyncedPercent?: number;
}

const WRITES: Weights = { ops: 60, compact: 6, records: 12 };
const SNAPSHOTS: Weights = { put: 8, compactTo: 14, restore: 4, delete: 4, prune: 4, flush: 1 };

/** By name. */
export const WORKLOADS: Record<string, Workload> = {
  blocking: { storage: 'blocking', steps: 250, entryBytes: 600, weights: { ...WRITES, flush: 2, reopen: 1 } },
  async: { storage: 'async', steps: 250, entryBytes: 600, weights: { ...WRITES, flush: 2, reopen: 1 } },
  rotation: {
    storage: 'blocking',
    steps: 150,
    entryBytes: 12_000,
    weights: { ...WRITES, compactRange: 3, reopen: 1 },
  },
  'async-rotation': {
    storage: 'async',
    steps: 150,
    entryBytes: 12_000,
    weights: { ...WRITES, compactRange: 3, reopen: 1 },
  },
  'no-recycling': { storage: 'async', steps: 150, entryBytes: 12_000, weights: WRITES, recycleWalFiles: 0 },
  // A WAL is closed, and the next one written to, before anything syncs the first.
  unsynced: {
    storage: 'blocking',
    steps: 200,
    entryBytes: 12_000,
    weights: { ...WRITES, compact: 20 },
    unsyncedPercent: 95,
  },
  snapshots: { storage: 'async', steps: 120, entryBytes: 2000, weights: { ...WRITES, ...SNAPSHOTS } },
  'blocking-snapshots': { storage: 'blocking', steps: 120, entryBytes: 2000, weights: { ...WRITES, ...SNAPSHOTS } },
  families: {
    storage: 'async',
    steps: 100,
    entryBytes: 4000,
    weights: { ...WRITES, records: 40, createFamily: 12, dropFamily: 9, flush: 2, reopen: 1 },
  },
  checkpoints: { storage: 'async', steps: 60, entryBytes: 4000, weights: { ...WRITES, checkpoint: 4 } },
};

/** Families that every database of a workload has from the start. */
export const LOGS = ['log', 'other'] as const;
export const RECORDS = 'records';
export const SNAPSHOT_FAMILY = 'snapshots';
export const FAMILIES = [...LOGS, RECORDS, SNAPSHOT_FAMILY];

/** The first opens the database, and makes it. */
export function stepsOf(workload: Workload, seed: number): Step[] {
  const { steps, weights } = workload;
  const random = new SeededRandom(seed);
  const dice = Object.entries(weights).flatMap(([type, weight]) =>
    Array<Step['type']>(weight).fill(type as Step['type']),
  );
  const state = new ExpectedState();
  const taken: Step[] = [{ type: 'open' }];
  while (taken.length < steps) {
    const step = new StepMaker(random, state, workload, taken.length).make(random.oneOf(dice));
    if (step === undefined) continue;
    state.take(step, taken.length);
    taken.push(step);
  }
  return taken;
}

class StepMaker {
  readonly #random: SeededRandom;
  readonly #state: ExpectedState;
  readonly #workload: Workload;
  readonly #number: number;
  #texts = 0;

  constructor(random: SeededRandom, state: ExpectedState, workload: Workload, number: number) {
    this.#random = random;
    this.#state = state;
    this.#workload = workload;
    this.#number = number;
  }

  /** Undefined where there is nothing for such a step to be taken on. */
  make(type: Step['type']): Step | undefined {
    const random = this.#random;
    const log = random.oneOf(LOGS);
    switch (type) {
      case 'ops':
        return this.#write(log);
      case 'compact': {
        const idx = this.#compactable(log);
        return idx === undefined ? undefined : { type, log, idx, snapshot: this.#text() };
      }
      case 'records': {
        const family = random.oneOf([RECORDS, ...this.#state.liveFamilies]);
        return { type, family, records: this.#records(), sync: !this.#isUnsynced() && random.chance(30) };
      }
      case 'createFamily':
        return { type, name: `made-${this.#number}` };
      case 'dropFamily': {
        const { liveFamilies } = this.#state;
        return liveFamilies.length === 0 ? undefined : { type, name: random.oneOf(liveFamilies) };
      }
      case 'checkpoint':
        return { type, name: `checkpoint-${this.#number}` };
      case 'compactRange':
        return { type, family: random.oneOf([...LOGS, RECORDS]) };
      case 'flush':
      case 'reopen':
      case 'open':
        return { type };
      default:
        return this.#snapshot(type, log);
    }
  }

  #snapshot(type: 'put' | 'compactTo' | 'restore' | 'delete' | 'prune', log: string): Step | undefined {
    const random = this.#random;
    const { decidedIdx, bounds, stopsign } = this.#state.log(log).observed;
    const name = random.oneOf(['state', 'state', `state-${random.within(1, 4)}`]);
    // Also of more than one chunk.
    const bytes = random.chance(10) ? 300_000 : random.within(0, 20_000);
    switch (type) {
      case 'put':
        return { type, name, idx: random.within(0, decidedIdx), bytes };
      case 'compactTo': {
        const idx = this.#compactable(log);
        return idx === undefined ? undefined : { type, log, name, idx, bytes, keep: random.oneOf([0, 0, 3]) };
      }
      case 'restore':
        if (stopsign !== undefined) return undefined;
        return { type, log, name, idx: Math.max(bounds.next, decidedIdx) + random.within(0, 5), bytes };
      case 'delete':
        return { type, name };
      case 'prune':
        return { type, keep: random.within(0, 3) };
    }
  }

  #compactable(log: string): number | undefined {
    const { compactedIdx, decidedIdx, bounds } = this.#state.log(log).observed;
    const most = Math.min(decidedIdx, bounds.next);
    return most < compactedIdx ? undefined : this.#random.within(compactedIdx, most);
  }

  #write(log: string): Step {
    const random = this.#random;
    const ops = Array.from({ length: random.oneOf([1, 1, 1, 2, 4]) }, () => this.#op(log));
    const isAlone = random.chance(70);
    const records = isAlone ? [] : this.#records();
    // Where there is nothing to write, nothing is synced: a trim may be such a thing.
    const sync = ops.some(({ type }) => type === 'setDecidedIdx') && !this.#isUnsynced() && random.chance(20);
    return { type: 'ops', log, ops, records, sync };
  }

  #op(log: string): Op {
    const random = this.#random;
    const { bounds, compactedIdx, decidedIdx } = this.#state.log(log).observed;
    switch (this.#isUnsynced() ? random.oneOf([8, 12, 13, 16, 16, 16]) : random.within(1, 18)) {
      case 1:
      case 2:
      case 3:
        return { type: 'appendEntry', entry: this.#text() };
      case 4:
      case 5:
      case 6:
        return { type: 'appendEntries', entries: this.#entries() };
      case 7:
        return {
          type: 'appendOnPrefix',
          fromIdx: random.within(decidedIdx, Math.max(decidedIdx, bounds.next)),
          entries: this.#entries(),
        };
      case 8:
      case 9:
      case 10:
      case 11:
        return { type: 'setDecidedIdx', idx: random.within(Math.min(decidedIdx, bounds.next), bounds.next) };
      case 12:
        return { type: 'trim', idx: random.within(bounds.first, Math.max(bounds.first, compactedIdx)) };
      case 13:
        return { type: 'setCompactedIdx', idx: random.within(compactedIdx, Math.max(compactedIdx, decidedIdx)) };
      case 14:
        return { type: 'setPromise', ballot: this.#ballot() };
      case 15:
        return { type: 'setAcceptedRound', ballot: this.#ballot() };
      case 16:
        return { type: 'setSnapshot', snapshot: random.chance(80) ? this.#text() : undefined };
      case 17: {
        const nextConfig = { configurationId: this.#number, nodes: [1, 2, 3] };
        return { type: 'setStopsign', stopsign: random.chance(30) ? { nextConfig } : undefined };
      }
      default:
        return { type: 'setDecidedIdx', idx: decidedIdx };
    }
  }

  #isUnsynced(): boolean {
    return this.#random.chance(this.#workload.unsyncedPercent ?? 0);
  }

  #records(): [string, string | undefined][] {
    const random = this.#random;
    return Array.from({ length: random.within(1, 3) }, () => [
      `key-${random.within(0, 20)}`,
      random.chance(80) ? this.#text() : undefined,
    ]);
  }

  #entries(): string[] {
    return Array.from({ length: this.#random.within(1, 5) }, () => this.#text());
  }

  #ballot() {
    return { configId: 1, n: this.#number, priority: this.#random.within(0, 5), pid: this.#random.within(1, 5) };
  }

  /** Tells which step it is of, and which text of that. */
  #text(): string {
    const random = this.#random;
    const length = random.chance(30) ? random.within(0, this.#workload.entryBytes) : random.within(0, 100);
    return `${this.#number}.${this.#texts++} `.padEnd(length, '=');
  }
}
