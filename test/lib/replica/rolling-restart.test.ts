// What nobody who proposes may notice: that the lead is handed over, and that all replicas are restarted one after another.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Replica, TcpTransport } from '../../../lib/consensus/index.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { freePorts } from '../../support/free-ports.js';
import { type Add, Counters, PIDS } from '../../support/replicas-of-counters.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const { REPLICA_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;
const TICK_MS = 20;
/** Nobody is to be elected for another's silence, however busy the machine is: whoever leads was asked to. */
const ELECTION_TICKS = 100;
const CLIENTS_PER_REPLICA = 4;
const ROUNDS = 2;
const SMALL_LAG = 50;

class RunningReplica {
  readonly replica: Replica<Add, number>;
  readonly #transport: TcpTransport;
  readonly machine: Counters;
  isDraining = false;
  #underWay = 0;

  static async open(
    folder: string,
    endpoints: readonly string[],
    pid: number,
    first: boolean,
  ): Promise<RunningReplica> {
    const listen = endpoints[pid - 1] as string;
    const transport = new TcpTransport({ listen, electionTimeoutMs: ELECTION_TICKS * TICK_MS, log: () => {} });
    const machine = new Counters();
    const replica = await Replica.open<Add, number>({
      path: join(folder, `${pid}`),
      pid,
      peers: endpoints.map((endpoint, i) => ({ pid: i + 1, endpoint })),
      bootstrap: first,
      stateMachine: machine,
      transport,
      tickIntervalMs: TICK_MS,
      electionTicks: ELECTION_TICKS,
      snapshotEveryEntries: 200,
      keepEntries: 20,
    });
    return new RunningReplica(replica, transport, machine);
  }

  private constructor(replica: Replica<Add, number>, transport: TcpTransport, machine: Counters) {
    this.replica = replica;
    this.#transport = transport;
    this.machine = machine;
  }

  async propose(key: string): Promise<void> {
    this.#underWay++;
    const { result } = await this.replica.propose({ key, add: 1 });
    expect(result).toBe(1);
    this.#underWay--;
  }

  /** As a service ends: nothing new, what is under way comes to its end, and then the replica. */
  async drainAndStop(): Promise<void> {
    this.isDraining = true;
    await until(() => this.#underWay === 0);
    await this.stop();
  }

  async stop(): Promise<void> {
    await this.replica.stop();
    await this.#transport.close();
  }
}

const running = new Map<number, RunningReplica>();
const at = (pid: number) => running.get(pid) as RunningReplica;
let [folder, endpoints]: [string, string[]] = ['', []];

async function open(pid: number, first = false): Promise<void> {
  running.set(pid, await RunningReplica.open(folder, endpoints, pid, first));
}

/** Of whom all say that it leads, and under which epoch. */
async function leadership(): Promise<{ leader: number; epoch: bigint }> {
  for (;;) {
    const states = PIDS.map((pid) => ({ pid, state: at(pid).replica.leadership }));
    const led = states.flatMap(({ pid, state }) => {
      if (state.role === 'unknown') return [];
      return [{ leader: state.role === 'leader' ? pid : state.leader, epoch: state.epoch }];
    });
    const [first] = led;
    if (first && led.length === PIDS.length && led.every(({ epoch }) => epoch === first.epoch)) return first;
    await sleep(1);
  }
}

/** Gives all that was proposed; rejects where one of it has failed. */
async function proposeMeanwhile(trouble: () => Promise<void>): Promise<string[]> {
  const keys: string[] = [];
  let isOver = false;
  const clients = Array.from({ length: PIDS.length * CLIENTS_PER_REPLICA }, async (_, client) => {
    while (!isOver) {
      const { isDraining } = at((client % PIDS.length) + 1);
      const key = `proposal ${keys.length}`;
      if (!isDraining) {
        keys.push(key);
        await at((client % PIDS.length) + 1).propose(key);
      }
      await sleep(1);
    }
  });
  const done = trouble().finally(() => {
    isOver = true;
  });
  await Promise.all([done, ...clients]);
  return keys;
}

async function expectEachOnce(keys: readonly string[]): Promise<void> {
  for (const pid of PIDS) {
    await at(pid).replica.barrier();
    expect(Object.fromEntries(at(pid).machine.values)).toEqual(Object.fromEntries(keys.map((key) => [key, 1])));
  }
}

async function startThree(): Promise<void> {
  folder = temporaryFolder();
  endpoints = (await freePorts(PIDS.length)).map((port) => `127.0.0.1:${port}`);
  for (const pid of PIDS) await open(pid, true);
  await until(() =>
    at(1)
      .replica.status()
      .peers.every(({ connected }) => connected),
  );
  await at(1).replica.transferLeadership(1); // it would take long by itself
}

async function handOver(from: number, to: number): Promise<bigint> {
  await at(from).replica.transferLeadership(to);
  const { leader, epoch } = await leadership();
  expect(leader).toBe(to);
  return epoch;
}

afterEach(async () => {
  await Promise.all([...running.values()].map((one) => one.stop()));
  running.clear();
});

describe(`three replicas over TCP, under load, with seed ${REPLICA_SEED}`, () => {
  it('hand over the lead, and no proposal fails', async () => {
    await startThree();
    const random = new SeededRandom(Number(REPLICA_SEED));
    const keys = await proposeMeanwhile(async () => {
      for (let i = 0; i < 12; i++) {
        const { leader } = await leadership();
        await handOver(random.oneOf(PIDS), random.oneOf(PIDS.filter((pid) => pid !== leader)));
        await sleep(random.within(0, 50));
      }
    });
    await expectEachOnce(keys);
  });

  it('are restarted one after another, and no proposal fails', async () => {
    await startThree();
    const random = new SeededRandom(Number(REPLICA_SEED));
    const keys = await proposeMeanwhile(async () => {
      for (let i = 0; i < ROUNDS * PIDS.length; i++) {
        const pid = PIDS[i % PIDS.length] as number;
        const others = PIDS.filter((other) => other !== pid);
        let { leader, epoch } = await leadership();
        if (leader === pid) {
          leader = random.oneOf(others);
          epoch = await handOver(pid, leader);
        }
        await at(pid).drainAndStop();
        await sleep(random.within(0, 100));
        await open(pid);
        await until(() => {
          const peer = at(leader)
            .replica.status()
            .peers.find((one) => one.pid === pid);
          return peer?.connected === true && (peer.lag ?? Number.POSITIVE_INFINITY) < SMALL_LAG;
        });
        expect(await leadership()).toEqual({ leader, epoch });
      }
    });
    await expectEachOnce(keys);
  });
});
