import { setImmediate as settle } from 'node:timers/promises';
import type { Clock } from '../consensus/clock.js';
import { ConsensusError, type ConsensusErrorCode } from '../consensus/consensus-error.js';
import type { DecidedItem } from '../consensus/decided-reader.js';
import { PaxosRunner } from '../consensus/paxos-runner.js';
import type { RunAheadFaults } from '../consensus/run-ahead.js';
import type { LogIndex } from '../contract/storage.js';
import { commitmentIn } from './commitments.js';
import { EventQueue } from './event-queue.js';
import { type Deed, type DiskFault, diskScript, faultScript } from './fault-script.js';
import { Invariants, STOPSIGN } from './invariants.js';
import { LaggingDisk } from './lagging-disk.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedNetwork, TICK } from './simulated-network.js';
import {
  checkSimulationOptions,
  SimulationFailure,
  type SimulationOptions,
  type SimulationReport,
} from './simulation-options.js';

interface Node {
  pid: number;
  disk: LaggingDisk;
  /** Once it is open. */
  runner: PaxosRunner<string> | undefined;
  /** How often it has started: what was meant for an earlier life is not done. */
  life: number;
  isUp: boolean;
  /** In this life. */
  decidedIdx: LogIndex;
  epoch: bigint;
  /** Up to here its decided entries have been read. */
  read: LogIndex;
}

/** Far more than an election and a sync take. */
const PROGRESS_TICKS = 4_000;
const ROUND_TICKS = 25;
/** What a proposal may be refused with. */
const HARMLESS: readonly ConsensusErrorCode[] = [
  'PENDING_RECONFIGURATION',
  'RECONFIGURED',
  'STOPPED',
  'STORAGE_FAILED',
];

/** Runners on disks whose writes take time and fail: what they show must hold whatever becomes of what they have not. */
export class RunnerSimulation {
  readonly #options: SimulationOptions;
  readonly #faults: RunAheadFaults;
  readonly #random: SeededRandom;
  readonly #queue = new EventQueue();
  readonly #invariants = new Invariants();
  readonly #network: SimulatedNetwork;
  readonly #nodes: Node[];
  readonly #resendTicks: number;
  #proposals = 0;
  #steps = 0;
  #crashes = 0;
  #failure: unknown;

  /** As `Simulation.runRunners`. */
  static run(options: SimulationOptions, faults: RunAheadFaults = {}): Promise<SimulationReport> {
    return new RunnerSimulation(options, faults).#run();
  }

  private constructor(options: SimulationOptions, faults: RunAheadFaults) {
    const { seed, replicas, loss } = checkSimulationOptions(options);
    this.#options = options;
    this.#faults = faults;
    this.#random = new SeededRandom(seed);
    this.#resendTicks = this.#random.within(20, 100);
    const pids = Array.from({ length: replicas }, (_, i) => i + 1);
    this.#nodes = pids.map((pid) => {
      const disk = new LaggingDisk(this.#queue, this.#random);
      return { pid, disk, runner: undefined, life: 0, isUp: false, decidedIdx: 0, epoch: 0n, read: 0 };
    });
    const user = {
      receive: (from: number, to: number, message: Uint8Array) => {
        this.#call(to, `a message from ${from}`, (runner) => runner.handleIncoming(from, message));
      },
      connected: (one: number, other: number) => {
        this.#call(one, 'a new connection', (runner) => runner.connected(other));
        this.#call(other, 'a new connection', (runner) => runner.connected(one));
      },
      isUp: (pid: number) => this.#node(pid).runner !== undefined,
    };
    this.#network = new SimulatedNetwork(this.#queue, this.#random, pids, user, { loss, takesLate: false });
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
      await this.#compareAll();
      return {
        seed,
        steps: this.#steps,
        decided: this.#invariants.chosen.length,
        crashes: this.#crashes,
        lateFrames: this.#network.late,
        ticksToProgress,
      };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const at = (this.#queue.now / TICK).toFixed(3);
      throw new SimulationFailure(seed, `after ${at} ticks, ${message}`, { cause: error });
    } finally {
      for (const { runner } of this.#nodes) runner?.stop();
    }
  }

  /** Between two events, all that needs no time is done. */
  async #runUntil(end: number): Promise<void> {
    do {
      await settle();
      if (this.#failure !== undefined) throw this.#failure;
    } while (this.#queue.runNext(end));
  }

  get #pids(): readonly number[] {
    return this.#nodes.map(({ pid }) => pid);
  }

  #node(pid: number): Node {
    return this.#nodes[pid - 1] as Node;
  }

  // ── Replicas ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #start(pid: number): void {
    const node = this.#node(pid);
    if (node.isUp) return;
    this.#trace(() => `replica ${pid} starts`);
    node.isUp = true;
    node.decidedIdx = 0;
    node.epoch = 0n;
    const life = ++node.life;
    const isCurrent = () => node.life === life;
    const options = {
      cluster: { configurationId: 1, nodes: [...this.#pids] },
      server: { pid, resendMessageTickTimeout: this.#resendTicks },
      storage: node.disk.storage,
      bootstrap: node.disk.isNew,
      earlyRelease: this.#options.earlyRelease ?? false,
    };
    this.#checkMemory(node);
    PaxosRunner.openOn<string>(this.#clockFor(isCurrent), options, this.#faults).then(
      (runner) => {
        if (!isCurrent()) return;
        node.runner = runner;
        runner.start({ send: (to, message) => this.#send(node, life, to, message) });
        runner.stopped.then((error) => this.#ended(pid, life, error));
        this.#read(node, life, runner);
        this.#network.joined(pid);
      },
      (error) => this.#ended(pid, life, error),
    );
  }

  /** What it has told others it knows still. */
  async #checkMemory({ pid, disk: { storage } }: Node): Promise<void> {
    try {
      const [promise, round, { next }] = await Promise.all([
        storage.getPromise(),
        storage.getAcceptedRound(),
        storage.getBounds(),
      ]);
      const stopsign = await storage.getStopsign();
      this.#invariants.remembers(pid, promise, { round, idx: next + (stopsign === undefined ? 0 : 1) });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** No two clocks go alike. */
  #clockFor(isCurrent: () => boolean): Clock {
    return {
      every: (_, tick) => {
        let isOn = true;
        const next = () => {
          if (!isOn || !isCurrent()) return;
          tick();
          this.#queue.after(this.#random.within(0.9 * TICK, 1.1 * TICK), next);
        };
        this.#queue.after(this.#random.within(1, TICK), next);
        return () => {
          isOn = false;
        };
      },
      soon: (work) => this.#queue.after(1, () => isCurrent() && work()),
    };
  }

  #send(node: Node, life: number, to: number, message: Uint8Array): void {
    if (node.life !== life) return;
    this.#invariants.told(node.pid, commitmentIn(message));
    this.#network.send(node.pid, to, message);
  }

  /** What the replica shows as decided, all of it. */
  async #read(node: Node, life: number, runner: PaxosRunner<string>): Promise<void> {
    const { storage } = node.disk;
    try {
      node.read = await storage.getCompactedIdx();
      while (node.life === life) {
        try {
          for await (const item of runner.decided(node.read)) {
            if (node.life !== life) return;
            if (item.index !== node.read) throw new Error(`it reads ${item.index} in place of ${node.read}`);
            this.#invariants.decide(node.pid, item.index, textOf(item));
            node.read++;
          }
          return; // behind the stop-sign
        } catch (error) {
          const floor = await storage.getCompactedIdx();
          if (floor <= node.read) throw error;
          node.read = floor; // compacted before it was read: from a state on, as a user would
        }
      }
    } catch (error) {
      // One that has ended with its disk ends its readers.
      const hasEnded = error instanceof ConsensusError && error.code === 'STORAGE_FAILED';
      if (node.life === life && !hasEnded) this.#fail(new Error(`replica ${node.pid}: ${error}`, { cause: error }));
    }
  }

  /** A runner ends by itself where its disk has failed, and for no other reason. */
  #ended(pid: number, life: number, error: Error | undefined): void {
    if (this.#node(pid).life !== life) return;
    if (error instanceof ConsensusError && error.code === 'STORAGE_FAILED') this.#crash(pid, 5, false);
    else this.#fail(new Error(`replica ${pid} ends: ${error?.message}`, { cause: error }));
  }

  #crash(pid: number, ticks: number, losingPower: boolean): void {
    const node = this.#node(pid);
    if (!node.isUp) return;
    this.#trace(() => `replica ${pid} crashes${losingPower ? ', losing power' : ''}`);
    this.#crashes++;
    node.isUp = false;
    node.life++;
    const { runner } = node;
    node.runner = undefined;
    runner?.stop();
    this.#network.left(pid);
    node.disk.crash(losingPower);
    this.#queue.after(ticks * TICK, () => this.#start(pid));
  }

  #call(pid: number, what: string, work: (runner: PaxosRunner<string>) => void): void {
    const node = this.#node(pid);
    const { runner } = node;
    if (runner === undefined) return;
    this.#steps++;
    try {
      work(runner);
      this.#check(node, runner);
    } catch (error) {
      if (error instanceof ConsensusError && HARMLESS.includes(error.code)) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(new Error(`replica ${pid} fails at ${what}: ${message}`, { cause: error }));
    }
  }

  #check(node: Node, runner: PaxosRunner<string>): void {
    const { pid } = node;
    const { decidedIdx, leadership } = runner;
    if (decidedIdx < node.decidedIdx) {
      throw new Error(`it takes its decided index back from ${node.decidedIdx} to ${decidedIdx}`);
    }
    node.decidedIdx = decidedIdx;
    if (leadership.role === 'unknown') return;
    const { epoch } = leadership;
    if (epoch < node.epoch) throw new Error(`its epoch goes back from ${node.epoch} to ${epoch}`);
    node.epoch = epoch;
    this.#invariants.lead(leadership.role === 'leader' ? pid : leadership.leader, epoch);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }

  // ── What the script says ───────────────────────────────────────────────────────────────────────────────────────────

  #do(deed: Deed | DiskFault): void {
    this.#trace(() => JSON.stringify(deed));
    switch (deed.type) {
      case 'crash':
        this.#crash(deed.pid, deed.ticks, deed.losingPower);
        break;
      case 'crashLeader': {
        const leader = this.#nodes.find(({ runner }) => runner?.leadership.role === 'leader')?.pid;
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
    this.#call(pid, 'a proposal', (runner) => runner.append(entry));
    return entry;
  }

  /** Never past what all have decided for certain: a runner has no state to give to one that lacks more. */
  #compact(pid: number, percent: number): void {
    const { disk, runner } = this.#node(pid);
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
    this.#call(pid, 'a reconfiguration', (runner) => runner.reconfigure(next, metadata));
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

function textOf(item: DecidedItem<string>): string {
  return 'entry' in item ? item.entry : `${STOPSIGN}${Buffer.from(item.stopsign.metadata ?? []).toString()}`;
}
