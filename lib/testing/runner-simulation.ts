import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PaxosRunner } from '../consensus/paxos-runner.js';
import type { LogIndex } from '../contract/storage.js';
import { DatabaseDisk } from './database-disk.js';
import { EventQueue } from './event-queue.js';
import { type Deed, type DiskFault, diskScript, faultScript } from './fault-script.js';
import { Invariants, STOPSIGN } from './invariants.js';
import { LaggingDisk } from './lagging-disk.js';
import { RealWork } from './real-work.js';
import type { StoredState } from './runner-disk.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedNetwork, TICK } from './simulated-network.js';
import { type RunnerFaults, SimulatedRunner, textOf } from './simulated-runner.js';
import {
  checkSimulationOptions,
  SimulationFailure,
  type SimulationOptions,
  type SimulationReport,
} from './simulation-options.js';

/** Far more than an election and a sync take. */
const PROGRESS_TICKS = 4_000;
const ROUND_TICKS = 25;

/** @internal */
export interface RunnerSabotage extends RunnerFaults {
  /** Where their databases are made, in place of memory. All that is made there is removed. */
  folder?: string;
}

/** Runners on disks whose writes take time and fail: what they show must hold whatever becomes of what they have not. */
export class RunnerSimulation {
  readonly #options: SimulationOptions;
  readonly #random: SeededRandom;
  readonly #queue = new EventQueue();
  readonly #work = new RealWork();
  readonly #invariants = new Invariants();
  readonly #network: SimulatedNetwork;
  readonly #nodes: SimulatedRunner[];
  readonly #folder: string | undefined;
  #proposals = 0;
  #steps = 0;
  #crashes = 0;
  #installations = 0;
  #failure: unknown;

  /** As `Simulation.runRunners`. */
  static run(options: SimulationOptions, sabotage: RunnerSabotage = {}): Promise<SimulationReport> {
    return new RunnerSimulation(options, sabotage).#run();
  }

  private constructor(options: SimulationOptions, { folder, ...faults }: RunnerSabotage) {
    const { seed, replicas, loss } = checkSimulationOptions(options);
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#folder = folder && mkdtempSync(join(folder, 'run-'));
    const resendTicks = this.#random.within(20, 100);
    const pids = Array.from({ length: replicas }, (_, i) => i + 1);
    const around = {
      queue: this.#queue,
      random: this.#random,
      invariants: this.#invariants,
      pids,
      resendTicks,
      earlyRelease: options.earlyRelease ?? false,
      compaction: options.stateTransfer ? this.#compaction() : undefined,
      losesStates: (options.lostStates ?? false) && (options.stateTransfer ?? false),
      isBusy: options.busy ?? false,
      faults,
      send: (from: number, to: number, message: Uint8Array) => this.#network.send(from, to, message),
      started: (pid: number) => this.#network.joined(pid),
      ended: (pid: number) => this.#network.left(pid),
      stateFor: (pid: number, least: LogIndex) => this.#stateFor(pid, least),
      installed: (pid: number, index: LogIndex) => {
        this.#installations++;
        this.#trace(() => `replica ${pid} goes on from the state of a peer at ${index}`);
      },
      diskFailed: (pid: number) => this.#crash(pid, 5, false),
      fail: (error: unknown) => {
        this.#failure ??= error;
      },
    };
    this.#nodes = pids.map((pid) => new SimulatedRunner(pid, this.#diskOf(pid), around));
    const user = {
      receive: (from: number, to: number, message: Uint8Array) => {
        this.#steps++;
        this.#node(to).receive(from, message);
      },
      connected: (one: number, other: number) => {
        this.#node(one).connected(other);
        this.#node(other).connected(one);
      },
      isUp: (pid: number) => this.#node(pid).runner !== undefined,
    };
    this.#network = new SimulatedNetwork(this.#queue, this.#random, pids, user, { loss, takesLate: false });
  }

  #compaction() {
    return { everyEntries: this.#random.oneOf([1, 2, 5]), keepEntries: this.#random.oneOf([0, 0, 3]) };
  }

  #diskOf(pid: number) {
    if (this.#folder === undefined) return new LaggingDisk(this.#queue, this.#random);
    return new DatabaseDisk(join(this.#folder, `${pid}`), this.#queue, this.#random, this.#work);
  }

  async #run(): Promise<SimulationReport> {
    const { seed } = this.#options;
    try {
      const script = faultScript(this.#random, this.#pids, this.#options);
      const end = script.at(-1)?.time ?? 0;
      for (const { pid } of this.#nodes) this.#start(pid);
      const withDisks = [
        ...script,
        ...(this.#options.faults === false ? [] : diskScript(this.#random, this.#pids, end)),
      ];
      for (const { time, deed } of withDisks) this.#queue.at(time * TICK, () => this.#do(deed));
      await this.#runUntil((end + 1) * TICK);
      const ticksToProgress = await this.#recover();
      await Promise.all([this.#compareAll(), this.#work.settle()]);
      return {
        seed,
        steps: this.#steps,
        decided: this.#invariants.chosen.length,
        crashes: this.#crashes,
        installations: this.#installations,
        lateFrames: this.#network.late,
        ticksToProgress,
      };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const at = (this.#queue.now / TICK).toFixed(3);
      throw new SimulationFailure(seed, `after ${at} ticks, ${message}`, { cause: error });
    } finally {
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    const closed = Promise.all(this.#nodes.map((node) => node.close()));
    await this.#work.settle();
    await closed;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
  }

  /** Between two events, all that needs no time is done. */
  async #runUntil(end: number): Promise<void> {
    do {
      await this.#work.settle();
      if (this.#failure !== undefined) throw this.#failure;
    } while (this.#queue.runNext(end));
  }

  get #pids(): readonly number[] {
    return this.#nodes.map(({ pid }) => pid);
  }

  #node(pid: number): SimulatedRunner {
    return this.#nodes[pid - 1] as SimulatedRunner;
  }

  async #stateFor(pid: number, least: LogIndex): Promise<StoredState | undefined> {
    const others = this.#nodes.filter((node) => node.pid !== pid);
    const states = await Promise.all(others.map(({ disk }) => disk.ownState()));
    const ofUse = states.filter((state) => state !== undefined && state.index >= least);
    return ofUse.length === 0 ? undefined : this.#random.oneOf(ofUse);
  }

  #start(pid: number): void {
    const node = this.#node(pid);
    if (node.isUp) return;
    this.#trace(() => `replica ${pid} starts`);
    node.start();
  }

  #crash(pid: number, ticks: number, losingPower: boolean): void {
    const node = this.#node(pid);
    if (!node.isUp) return;
    this.#trace(() => `replica ${pid} crashes${losingPower ? ', losing power' : ''}`);
    this.#crashes++;
    node.crash(losingPower);
    this.#queue.after(ticks * TICK, () => this.#start(pid));
  }

  // ── What the script says ───────────────────────────────────────────────────────────────────────────────────────────

  #do(deed: Deed | DiskFault): void {
    this.#trace(() => JSON.stringify(deed));
    switch (deed.type) {
      case 'crash':
        this.#crash(deed.pid, deed.ticks, deed.losingPower);
        break;
      case 'crashLeader': {
        const leader = this.#nodes.find(({ isLeader }) => isLeader)?.pid;
        if (leader !== undefined) this.#crash(leader, deed.ticks, deed.losingPower);
        break;
      }
      case 'cut':
      case 'isolate':
      case 'split':
      case 'slow':
        this.#network.befall(deed);
        break;
      case 'slowDisk':
        this.#node(deed.pid).disk.slow(deed.ticks);
        break;
      case 'failDisk':
        this.#node(deed.pid).disk.failNext();
        break;
      case 'propose':
        for (let i = 0; i < deed.count; i++) this.#propose(deed.pid);
        break;
      case 'compact':
        this.#compact(deed.pid, deed.percent);
        break;
      case 'reconfigure':
        this.#reconfigure(deed.pid);
        break;
    }
  }

  #propose(pid: number): string {
    const entry = `entry ${this.#proposals++}`;
    this.#invariants.propose(entry);
    this.#steps++;
    this.#node(pid).call('a proposal', (runner) => runner.append(entry));
    return entry;
  }

  #compact(pid: number, percent: number): void {
    const node = this.#node(pid);
    if (this.#options.stateTransfer) node.compact(Math.floor((node.read * (100 - percent)) / 100));
    else this.#compactWhatNobodyLacks(node, percent);
  }

  /** Never past what all have decided for certain: a runner has no state to give to one that lacks more. */
  #compactWhatNobodyLacks({ disk, runner }: SimulatedRunner, percent: number): void {
    const certain = Math.min(...this.#nodes.map((node) => node.disk.certainDecidedIdx));
    const idx = Math.floor((Math.min(certain, this.#entries) * percent) / 100);
    if (runner === undefined) return;
    disk.storage.getCompactedIdx().then((floor) => {
      if (idx > floor) disk.storage.compact(idx).catch(() => {}); // the runner has ended where its disk has failed
    });
  }

  /** Of what is decided, without the stop-sign. */
  get #entries(): number {
    const { chosen, ended } = this.#invariants;
    return chosen.length - (ended ? 1 : 0);
  }

  #reconfigure(pid: number): void {
    const metadata = Buffer.from(`${this.#proposals++}`);
    this.#invariants.propose(`${STOPSIGN}${metadata}`);
    const next = { configurationId: 2, nodes: [...this.#pids] };
    this.#node(pid).call('a reconfiguration', (runner) => runner.reconfigure(next, metadata));
  }

  // ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** All is well again. Returns how many ticks it takes until something new is decided everywhere. */
  async #recover(): Promise<number> {
    this.#trace(() => 'all trouble is over');
    for (const { pid, disk } of this.#nodes) {
      disk.heal();
      this.#start(pid);
    }
    this.#network.heal();
    const begin = this.#queue.now;
    const fresh: string[] = [];
    for (let ticks = ROUND_TICKS; ticks <= PROGRESS_TICKS; ticks += ROUND_TICKS) {
      await this.#runUntil(begin + ticks * TICK);
      if (this.#hasProgressed(fresh)) return ticks;
      // Every other round: what is forwarded to a leader who is none any longer is lost.
      if (ticks % (2 * ROUND_TICKS) === 0) fresh.push(this.#propose(1 + (fresh.length % this.#nodes.length)));
    }
    const states = this.#nodes.map(({ pid, runner }) => {
      const { leadership, decidedIdx, acceptedIdx } = runner ?? {};
      return `${pid} (${leadership?.role}) has decided ${decidedIdx} of ${acceptedIdx}`;
    });
    throw new Error(`nothing goes on for ${PROGRESS_TICKS} ticks: replica ${states.join('; ')}`);
  }

  #hasProgressed(fresh: readonly string[]): boolean {
    const { chosen, ended } = this.#invariants;
    if (!ended && !fresh.some((entry) => chosen.includes(entry))) return false;
    return this.#nodes.every(({ runner, read }) => {
      return (
        read === chosen.length &&
        runner?.decidedIdx === chosen.length &&
        (!ended || runner.isReconfigured() !== undefined)
      );
    });
  }

  /** The whole log of each, as it can be read. */
  async #compareAll(): Promise<void> {
    for (const { pid, disk, runner } of this.#nodes) {
      const floor = await disk.storage.getCompactedIdx();
      const items = (runner as PaxosRunner<string>).decided(floor);
      for (let index = floor; index < this.#invariants.chosen.length; index++) {
        const { value } = await items.next();
        if (value?.index !== index) throw new Error(`replica ${pid} shows ${value?.index} in place of ${index}`);
        this.#invariants.decide(pid, index, textOf(value));
      }
      await items.return?.();
    }
  }

  #trace(line: () => string): void {
    this.#options.trace?.(`${(this.#queue.now / TICK).toFixed(3)} ${line()}`);
  }
}
