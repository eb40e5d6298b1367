// What happens to a cluster while its clients go on: processes are killed, stopped and told to hand over, ways between them are
// cut, and their wall clocks jump, each in its own time.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { PIDS, type ReplicatedKv } from '../support/replicated-kv.js';
import type { Links } from './links.js';
import type { WallClocks } from './wall-clock.js';

const DAY_SECONDS = 86_400;

export interface TroubleOptions {
  cluster: ReplicatedKv;
  links: Links;
  /** Undefined: they do not jump. */
  clocks: WallClocks | undefined;
  random: SeededRandom;
  isOver(): boolean;
}

export class Troubles {
  readonly #options: TroubleOptions;
  /** How often each has happened. */
  readonly counts = { kills: 0, pauses: 0, partitions: 0, clockJumps: 0, snapshotsAndTransfers: 0 };

  constructor(options: TroubleOptions) {
    this.#options = options;
  }

  /** Until it is over. Then every process runs, and every way is open. */
  async run(): Promise<void> {
    const { random, isOver, clocks } = this.#options;
    const again = async (longestQuietMs: number, trouble: () => unknown) => {
      while (!isOver()) {
        await sleep(random.within(100, longestQuietMs));
        await trouble();
      }
    };
    await Promise.all([
      again(1500, () => this.#befallProcesses()),
      again(4000, () => this.#partition()),
      clocks && again(2000, () => this.#jump(clocks)),
    ]);
  }

  async #befallProcesses(): Promise<void> {
    const { cluster, random } = this.#options;
    const pid = random.oneOf(PIDS);
    switch (random.within(0, 5)) {
      case 0:
      case 1:
        return this.#killAndRestart([random.chance(50) ? await this.#leaderOr(pid) : pid]);
      case 2:
        return this.#killAndRestart(PIDS.filter((each) => each !== pid || random.chance(30)));
      case 3:
      case 4: {
        const stopped = random.chance(50) ? await this.#leaderOr(pid) : pid;
        this.counts.pauses++;
        cluster.signal(stopped, 'SIGSTOP');
        await sleep(random.within(50, 2000));
        cluster.signal(stopped, 'SIGCONT');
        return;
      }
      case 5:
        this.counts.snapshotsAndTransfers++;
        await Promise.allSettled([
          cluster.fetch(pid, 'POST', '/snapshot'),
          cluster.fetch(random.oneOf(PIDS), 'POST', `/leader/${random.oneOf(PIDS)}`),
        ]);
    }
  }

  async #leaderOr(pid: number): Promise<number> {
    const { leadership } = await this.#options.cluster.status(pid);
    return leadership.leader ?? pid;
  }

  async #killAndRestart(pids: readonly number[]): Promise<void> {
    const { cluster, random } = this.#options;
    await Promise.all(
      pids.map(async (pid) => {
        this.counts.kills++;
        const { signal } = await cluster.end(pid, 'SIGKILL');
        if (signal !== 'SIGKILL') throw new Error(`replica ${pid} had ended by itself: ${cluster.stderr(pid)}`);
        await sleep(random.within(0, 800));
        await cluster.start(pid);
      }),
    );
  }

  /** One replica from both others, two from each other, or one from hearing another that hears it. */
  async #partition(): Promise<void> {
    const { links, random } = this.#options;
    const from = random.oneOf(PIDS);
    const others = PIDS.filter((pid) => pid !== from);
    const far = random.chance(40) ? others : [random.oneOf(others)];
    const isOneWay = random.chance(25);
    for (const to of far) {
      links.cut(from, to);
      if (!isOneWay) links.cut(to, from);
    }
    this.counts.partitions++;
    await sleep(random.within(100, 3000));
    links.healAll();
  }

  #jump(clocks: WallClocks): void {
    const { random } = this.#options;
    this.counts.clockJumps++;
    const reach = random.oneOf([1, 60, 3600, DAY_SECONDS]);
    clocks.set(random.oneOf(PIDS), random.within(-reach, reach));
  }
}
