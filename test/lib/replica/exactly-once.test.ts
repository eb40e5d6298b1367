// The law of a replica: what `propose` resolved for is applied once on every replica, what it rejected with NOT_DECIDED never
// is, and what it left unknown at most once; whatever is cut, restarted, compacted or handed over meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { ConsensusError } from '../../../lib/consensus/index.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { PIDS, ReplicasOfCounters } from '../../support/replicas-of-counters.js';

const ROUNDS = 12;
const { REPLICA_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;
const seed = Number(REPLICA_SEED);

type Outcome = 'applied' | 'unknown' | 'never';

class Trouble {
  readonly #random: SeededRandom;
  readonly #replicas: ReplicasOfCounters;
  readonly outcomes = new Map<string, Promise<Outcome>>();

  constructor(random: SeededRandom, replicas: ReplicasOfCounters) {
    this.#random = random;
    this.#replicas = replicas;
  }

  async round(): Promise<void> {
    const pid = this.#random.oneOf(PIDS);
    for (let i = this.#random.within(1, 40); i > 0; i--) this.#propose(this.#random.oneOf(PIDS));
    await sleep(this.#random.within(0, 30));
    switch (this.#random.within(0, 4)) {
      case 0:
        await this.#replicas.restart(pid);
        break;
      case 1:
        this.#replicas.transport.partition.isolate(pid);
        await sleep(this.#random.within(50, 400)); // with or without an election
        this.#replicas.transport.partition.heal();
        break;
      case 2:
        this.#replicas.transport.partition.block(pid, (pid % 3) + 1);
        await sleep(this.#random.within(50, 400));
        this.#replicas.transport.partition.heal();
        break;
      case 3:
        await this.#replicas.at(pid).takeSnapshot();
        break;
      default:
        await this.#replicas
          .at(1)
          .transferLeadership(pid, { signal: AbortSignal.timeout(500) })
          .catch(() => {});
    }
  }

  #propose(pid: number): void {
    const key = `proposal ${this.outcomes.size}`;
    const timeoutMs = this.#random.chance(20) ? this.#random.within(0, 100) : 20_000;
    const proposed = this.#replicas.at(pid).propose({ key, add: 1 }, { timeoutMs });
    this.outcomes.set(
      key,
      proposed.then(
        ({ result }) => {
          expect(result).toBe(1);
          return 'applied';
        },
        (error) => {
          expect(error).toBeInstanceOf(ConsensusError);
          if (error.code === 'OUTCOME_UNKNOWN') return 'unknown';
          expect(['NOT_DECIDED', 'STOPPED']).toContain(error.code);
          return 'never';
        },
      ),
    );
  }
}

describe('three replicas in trouble', () => {
  it(`apply each proposal once, with seed ${seed}`, async () => {
    const random = new SeededRandom(seed);
    const options = { snapshotEveryEntries: 60, keepEntries: random.within(0, 20), earlyRelease: random.chance(50) };
    const replicas = await ReplicasOfCounters.three(options);
    try {
      const trouble = new Trouble(random, replicas);
      for (let round = 0; round < ROUNDS; round++) await trouble.round();
      const outcomes = new Map<string, Outcome>();
      for (const [key, outcome] of trouble.outcomes) outcomes.set(key, await outcome);
      await Promise.all(PIDS.map((pid) => replicas.at(pid).barrier()));
      await replicas.settled();
      const [first] = PIDS.map((pid) => replicas.machine(pid).applied);
      for (const pid of PIDS) {
        expect(replicas.machine(pid).applied).toEqual(first);
        for (const [key, outcome] of outcomes) {
          const times = replicas.machine(pid).values.get(key) ?? 0;
          if (outcome === 'applied') expect([key, times]).toEqual([key, 1]);
          else if (outcome === 'never') expect([key, times]).toEqual([key, 0]);
          else expect(times).toBeLessThanOrEqual(1);
        }
      }
      expect([...outcomes.values()].filter((outcome) => outcome === 'applied').length).toBeGreaterThan(0);
    } finally {
      await replicas.stop();
    }
  }, 120_000);
});
