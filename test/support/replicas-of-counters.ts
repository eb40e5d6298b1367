// Replicas of a map of counters, in one process over a transport in memory, each on a database of its own.

import { join } from 'node:path';
import { Replica, type ReplicaOptions, type StateMachine, type Transport } from '../../lib/consensus/index.js';
import { MemTransport } from '../../lib/testing/index.js';
import { temporaryFolder } from './temporary-folder.js';
import { until } from './until.js';

export interface Add {
  key: string;
  add: number;
}

/** Counters, and how often each command was applied. */
export class Counters implements StateMachine<Add, number> {
  values = new Map<string, number>();
  /** Of each index its command, as it was applied in this life or lies in the snapshot. */
  applied: [number, string][] = [];
  restored = 0;

  apply({ key, add }: Add, index: number): number {
    if (key === 'broken') throw new Error('this one is broken');
    const value = (this.values.get(key) ?? 0) + add;
    this.values.set(key, value);
    this.applied.push([index, `${key}+${add}`]);
    return value;
  }

  snapshot(): Uint8Array {
    return Buffer.from(JSON.stringify({ values: [...this.values], applied: this.applied }));
  }

  async restore(state: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of state) pieces.push(piece);
    const { values, applied } = JSON.parse(Buffer.concat(pieces).toString());
    this.values = new Map(values);
    this.applied = applied;
    this.restored++;
  }
}

export const PIDS = [1, 2, 3];
export const peersOf = (pids: readonly number[]) => pids.map((pid) => ({ pid, endpoint: `replica-${pid}:1` }));

export class ReplicasOfCounters {
  readonly transport = new MemTransport();
  readonly #transports = new Map<number, Transport>();
  #listen: ((pid: number) => Promise<Transport>) | undefined;
  readonly folder = temporaryFolder();
  readonly machines = new Map<number, Counters>();
  readonly replicas = new Map<number, Replica<Add, number>>();
  readonly #options: Partial<ReplicaOptions<Add, number>>;

  private constructor(options: Partial<ReplicaOptions<Add, number>>) {
    this.#options = options;
  }

  static async three(options: Partial<ReplicaOptions<Add, number>> = {}): Promise<ReplicasOfCounters> {
    const replicas = new ReplicasOfCounters(options);
    for (const pid of PIDS) await replicas.open(pid, { bootstrap: true });
    return replicas;
  }

  /** None yet, each on a transport of its own. */
  static async over(listen: (pid: number) => Promise<Transport>): Promise<ReplicasOfCounters> {
    const replicas = new ReplicasOfCounters({});
    replicas.#listen = listen;
    return replicas;
  }

  async listen(pid: number): Promise<void> {
    const transport = await this.#listen?.(pid);
    if (transport !== undefined) this.#transports.set(pid, transport);
  }

  async open(pid: number, options: Partial<ReplicaOptions<Add, number>> = {}): Promise<Replica<Add, number>> {
    const machine = new Counters();
    const replica = await Replica.open<Add, number>({
      path: join(this.folder, `replica-${pid}`),
      pid,
      peers: peersOf(pid > PIDS.length ? [...PIDS, pid] : PIDS),
      stateMachine: machine,
      transport: this.#transports.get(pid) ?? this.transport,
      electionTicks: 10,
      ...this.#options,
      ...options,
    });
    this.machines.set(pid, machine);
    this.replicas.set(pid, replica);
    return replica;
  }

  at(pid: number): Replica<Add, number> {
    return this.replicas.get(pid) as Replica<Add, number>;
  }

  machine(pid: number): Counters {
    return this.machines.get(pid) as Counters;
  }

  async restart(pid: number): Promise<void> {
    await this.at(pid).stop();
    await this.open(pid);
  }

  async leader(among: readonly number[] = PIDS): Promise<number> {
    let leader: number | undefined;
    await until(() => {
      leader = among.find((pid) => this.at(pid).leadership.role === 'leader');
      const epochs = among.map((pid) => {
        const state = this.at(pid).leadership;
        return 'epoch' in state ? state.epoch : undefined;
      });
      return leader !== undefined && epochs.every((epoch) => epoch === epochs[0]);
    });
    return leader as number;
  }

  /** Until all have applied the same. */
  async settled(among: readonly number[] = PIDS): Promise<void> {
    await until(() => {
      const indices = among.map((pid) => this.at(pid).status().appliedIdx);
      const decided = among.map((pid) => this.at(pid).status().decidedIdx);
      return [...indices, ...decided].every((index) => index === indices[0]);
    });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.replicas.values()].map((replica) => replica.stop()));
  }
}
