// The law of a replica: what `propose` resolved for is applied once on every replica, what it rejected with NOT_DECIDED never
// is, and what it left unknown at most once; whatever is cut, restarted, compacted, handed over or replaced meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { ConsensusError } from '../../../lib/consensus/index.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { PIDS, peersOf, ReplicasOfCounters } from '../../support/replicas-of-counters.js';

const ROUNDS = 12;
const { REPLICA_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;
const seed = Number(REPLICA_SEED);

type Outcome = 'applied' | 'unknown' | 'never';

class Trouble {
  readonly #random: SeededRandom;
  readonly #replicas: ReplicasOfCounters;
  readonly outcomes = new Map<string, Promise<Outcome>>();
  members: readonly number[] = PIDS;
  #lastPid = PIDS.length;

  constructor(random: SeededRandom, replicas: ReplicasOfCounters) {
    this.#random = random;
    this.#replicas = replicas;
  }

  async round(): Promise<void> {
    const pid = this.#random.oneOf(this.members);
    for (let i = this.#random.within(1, 40); i > 0; i--) this.#propose(this.#random.oneOf(this.members));
    await sleep(this.#random.within(0, 30));
    const { partition } = this.#replicas.transport;
    switch (this.#random.within(0, 6)) {
      case 0:
        await this.#replicas.restart(pid);
        break;
      case 1:
        partition.isolate(pid);
        await sleep(this.#random.within(50, 400)); // with or without an election
        partition.heal();
        break;
      case 2:
        partition.block(pid, this.#random.oneOf(this.members.filter((other) => other !== pid)));
        await sleep(this.#random.within(50, 400));
        partition.heal();
        break;
      case 3:
        await this.#replicas.at(pid).takeSnapshot();
        break;
      case 4:
        await this.#replicas
          .at(this.#random.oneOf(this.members))
          .transferLeadership(pid, { signal: AbortSignal.timeout(500) })
          .catch(() => {});
        break;
      case 5:
        await this.#replace(pid);
        break;
      default:
        await this.#reconfigure(this.members);
    }
  }

  async #replace(pid: number): Promise<void> {
    const added = ++this.#lastPid;
    await this.#replicas.open(added, { join: true, peers: peersOf([...this.members, added]) });
    await this.#reconfigure([...this.members.filter((member) => member !== pid), added]);
  }

  /** One of them may start again, or be away, meanwhile. */
  async #reconfigure(next: readonly number[]): Promise<void> {
    const configurationOf = (pid: number) => this.#replicas.at(pid).status().configurationId;
    const wanted = Math.max(...this.members.map(configurationOf)) + 1;
    const staying = next.filter((pid) => this.members.includes(pid));
    const disturbed = this.#random.oneOf(staying);
    const trouble = this.#random.within(0, 2);
    const { partition } = this.#replicas.transport;
    if (trouble === 0) partition.isolate(disturbed);
    const disturbing = sleep(this.#random.within(0, 60)).then(async () => {
      if (trouble === 1) await this.#replicas.restart(disturbed);
      if (trouble === 0) await sleep(this.#random.within(0, 1500));
      partition.heal();
    });
    while (!staying.some((pid) => configurationOf(pid) >= wanted)) {
      const asked = this.#replicas.at(this.#random.oneOf(this.members));
      const wish = asked.reconfigure(peersOf(next), { signal: AbortSignal.timeout(2000) });
      await wish.catch((error) => expect(error).toBeInstanceOf(ConsensusError)); // it is asked again, elsewhere
      await sleep(5);
    }
    await disturbing;
    this.members = next;
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
          expect(['NOT_DECIDED', 'RECONFIGURED', 'STOPPED']).toContain(error.code);
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
      const { members } = trouble;
      await Promise.all(members.map((pid) => replicas.at(pid).barrier()));
      await replicas.settled(members);
      const [first] = members.map((pid) => replicas.machine(pid).applied);
      for (const pid of members) {
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
