// What is done to the cluster while it works: a plan that follows from a seed, and the hand that carries it out. When exactly
// a fault strikes is up to the machine, so that a seed repeats a plan and not a run.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, PIDS } from './cluster.js';

const MAX_DOWN_MS = 800;
/** With and without an election meanwhile. */
const [MIN_CUT_MS, MAX_CUT_MS] = [100, 1_500];
/** How far appending may go on where a fault is late, so that it strikes under load. */
const LEEWAY = 100;
/**
 * `isolated`: nothing comes to the victim, and nothing from it. `pair`: nor between it and one other. `one-way`: nor from
 * it to one other.
 */
const SHAPES = ['isolated', 'pair', 'one-way'] as const;

/** It strikes once `at` records are appended. */
export type Fault = { at: number; victim: number | 'leader' } & (
  | { type: 'kill'; downMs: number }
  | { type: 'partition'; shape: (typeof SHAPES)[number]; other: number; forMs: number }
);

/** An integer in `[lowest, highest]`. */
export type Within = (lowest: number, highest: number) => number;

/** Mulberry32: all that is random in a plan. */
export function seeded(seed: number): Within {
  let state = seed >>> 0;
  return (lowest, highest) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return lowest + (((mixed ^ (mixed >>> 14)) >>> 0) % (highest - lowest + 1));
  };
}

/** In any order, each at a random record of its part of the first nine tenths. */
export function planFaults(within: Within, records: number, kills: number, partitions: number): Fault[] {
  const plan: Fault[] = [];
  const count = kills + partitions;
  for (let i = 0, killsLeft = kills; i < count; i++) {
    const at = Math.floor(((i + within(0, 99) / 100) * records * 0.9) / count);
    const pid = within(1, PIDS.length);
    const victim = within(0, 1) === 0 ? 'leader' : pid;
    if (within(1, count - i) <= killsLeft) {
      plan.push({ at, victim, type: 'kill', downMs: within(0, MAX_DOWN_MS) });
      killsLeft--;
    } else {
      const shape = SHAPES[within(0, SHAPES.length - 1)] as (typeof SHAPES)[number];
      const other = within(1, PIDS.length - 1);
      plan.push({ at, victim, type: 'partition', shape, other, forMs: within(MIN_CUT_MS, MAX_CUT_MS) });
    }
  }
  return plan;
}

export class Faults {
  readonly #cluster: Cluster;
  readonly #plan: readonly Fault[];
  #done = 0;
  readonly #repairs: Promise<void>[] = [];
  kills = 0;
  killsOfLeader = 0;
  partitions = 0;

  constructor(cluster: Cluster, plan: readonly Fault[]) {
    this.#cluster = cluster;
    this.#plan = plan;
  }

  /** How many records may be appended before the next fault must have struck. */
  get limit(): number {
    const next = this.#plan[this.#done];
    return next === undefined ? Number.POSITIVE_INFINITY : next.at + LEEWAY;
  }

  /** Does all that is planned, as far as it `appended` tells; faults may overlap. Everything is whole when it resolves. */
  async carryOut(appended: () => number, isOver: () => boolean): Promise<void> {
    for (const fault of this.#plan) {
      let victim: number | undefined;
      while (victim === undefined && !isOver()) {
        await sleep(2);
        if (appended() >= fault.at) victim = this.#victim(fault);
      }
      if (victim === undefined) break;
      this.#repairs.push(fault.type === 'kill' ? this.#kill(victim, fault.downMs) : this.#cut(victim, fault));
      this.#done++;
    }
    await Promise.all(this.#repairs);
  }

  /** Undefined while the one that is meant is down. One that is still opening is not spared. */
  #victim({ victim }: Fault): number | undefined {
    const pid = victim === 'leader' ? this.#cluster.leader : victim;
    return pid !== undefined && this.#cluster.isRunning(pid) ? pid : undefined;
  }

  async #kill(pid: number, downMs: number): Promise<void> {
    this.kills++;
    if (pid === this.#cluster.leader) this.killsOfLeader++;
    await this.#cluster.kill(pid);
    await sleep(downMs);
    await this.#cluster.start(pid);
  }

  async #cut(pid: number, { shape, other, forMs }: Fault & { type: 'partition' }): Promise<void> {
    this.partitions++;
    const others = PIDS.filter((peer) => peer !== pid);
    const peers = shape === 'isolated' ? others : [others[other - 1] as number];
    const ways = peers.map((peer) => [pid, peer] as const);
    if (shape !== 'one-way') ways.push(...peers.map((peer) => [peer, pid] as const));
    const heals = ways.map(([from, to]) => this.#cluster.cut(from, to));
    await sleep(forMs);
    for (const heal of heals) heal();
  }
}
