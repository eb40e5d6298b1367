// Runners over a network in memory, driven tick by tick, on storages whose writes a test can hold back and fail.

import { setImmediate as turn } from 'node:timers/promises';
import { type DecidedItem, PaxosRunner, type RunnerOptions } from '../../lib/consensus/index.js';
import { AsyncMemStorage, rawCodec } from '../../lib/index.js';
import { MemNetwork } from '../../lib/testing/index.js';

export type Bytes = AsyncMemStorage<Uint8Array>;

/** A storage whose writes do nothing until they are released. */
export class HeldStorage extends AsyncMemStorage<Uint8Array> {
  #held: (() => void)[] = [];
  isHolding = false;
  failure: Error | undefined;
  writes = 0;

  constructor() {
    super({ entryCodec: rawCodec });
  }

  override async writeAtomically(...args: Parameters<Bytes['writeAtomically']>): Promise<void> {
    this.writes++;
    if (this.isHolding) await new Promise<void>((release) => this.#held.push(release));
    if (this.failure !== undefined) throw this.failure;
    return super.writeAtomically(...args);
  }

  get held(): number {
    return this.#held.length;
  }

  /** The oldest `count` writes go on. */
  release(count = this.#held.length): void {
    for (const go of this.#held.splice(0, count)) go();
  }
}

export const CLUSTER = { configurationId: 1, nodes: [1, 2, 3] };

export class Runners {
  readonly network = new MemNetwork();
  readonly runners = new Map<number, PaxosRunner<string>>();
  readonly storages = new Map<number, HeldStorage>();

  static async three(options: Partial<RunnerOptions<string>> = {}): Promise<Runners> {
    const runners = new Runners();
    for (const pid of CLUSTER.nodes) {
      runners.storages.set(pid, new HeldStorage());
      await runners.open(pid, { bootstrap: true, ...options });
    }
    return runners;
  }

  async open(pid: number, options: Partial<RunnerOptions<string>> = {}): Promise<PaxosRunner<string>> {
    const server = { pid, resendMessageTickTimeout: 20 };
    const runner = await PaxosRunner.open<string>({ cluster: CLUSTER, server, storage: this.storage(pid), ...options });
    this.runners.set(pid, runner);
    this.#sinks.set(
      pid,
      this.network.register(pid, (from, message) => runner.handleIncoming(from, message)),
    );
    return runner;
  }

  readonly #sinks = new Map<number, ReturnType<MemNetwork['register']>>();

  storage(pid: number): HeldStorage {
    return this.storages.get(pid) as HeldStorage;
  }

  at(pid: number): PaxosRunner<string> {
    return this.runners.get(pid) as PaxosRunner<string>;
  }

  async restart(pid: number): Promise<PaxosRunner<string>> {
    await this.at(pid).stop();
    const runner = await this.open(pid);
    for (const peer of CLUSTER.nodes) {
      if (peer === pid) continue;
      runner.connected(peer);
      this.at(peer).connected(pid);
    }
    return runner;
  }

  /** One tick of `pid`, and its messages on their way. */
  async tickAt(pid: number): Promise<void> {
    for (const { to, bytes } of await this.at(pid).tickOnce()) await this.#sinks.get(pid)?.send(to, bytes);
  }

  async tick(ticks = 1, pids: readonly number[] = CLUSTER.nodes): Promise<void> {
    for (; ticks > 0; ticks--) {
      for (const pid of pids) await this.tickAt(pid);
      this.network.deliver();
    }
  }

  async elect(pids: readonly number[] = CLUSTER.nodes): Promise<number> {
    for (let ticks = 0; ticks < 300; ticks++) {
      await this.tick(1, pids);
      const leader = pids.find((pid) => this.at(pid).leadership.role === 'leader');
      if (leader === undefined) continue;
      const follows = (pid: number) => {
        const state = this.at(pid).leadership;
        return state.role === 'follower' && state.leader === leader;
      };
      if (pids.every((pid) => pid === leader || follows(pid))) return leader;
    }
    throw new Error('no leader was elected');
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.runners].map(([pid, runner]) => {
        this.storage(pid).isHolding = false;
        this.storage(pid).release();
        return runner.stop();
      }),
    );
  }
}

/** Lets all that needs no test's doing go on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

export async function take<V>(items: AsyncIterableIterator<V>, count: number): Promise<V[]> {
  const taken: V[] = [];
  for (let i = 0; i < count; i++) {
    const { value, done } = await items.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

export function entriesOf(items: readonly DecidedItem<string>[]): string[] {
  return items.map((item) => ('entry' in item ? item.entry : 'stop-sign'));
}
