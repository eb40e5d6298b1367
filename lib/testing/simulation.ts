import type { ColumnFamily } from '../../binding/index.js';
import { ConsensusError } from '../consensus/consensus-error.js';
import { OmniPaxos } from '../consensus/omni-paxos.js';
import { EventQueue } from './event-queue.js';
import { type Deed, faultScript } from './fault-script.js';
import { Invariants, STOPSIGN } from './invariants.js';
import { RunnerSimulation } from './runner-simulation.js';
import { SeededRandom } from './seeded-random.js';
import { DatabaseMedium, type Forgotten, SimulatedDisk } from './simulated-disk.js';
import { SimulatedNetwork, TICK } from './simulated-network.js';
import {
  checkSimulationOptions,
  SimulationFailure,
  type SimulationOptions,
  type SimulationReport,
} from './simulation-options.js';

/** @internal Ways to break it, to show that it notices. */
export interface Sabotage {
  withoutGuard?: string;
  /** What a disk loses when its replica crashes. */
  forgetting?: Forgotten;
  takingLateFrames?: boolean;
  /** Column families of databases, one for each replica, in place of memory. What they hold is lost. */
  families?: readonly ColumnFamily[];
}

interface Node {
  pid: number;
  disk: SimulatedDisk;
  omni: OmniPaxos<string> | undefined;
  /** How often it has started: what was meant for an earlier life is not done. */
  life: number;
  floor: number;
}

/** Far more than an election and a sync take. */
const PROGRESS_TICKS = 2_000;
const ROUND_TICKS = 25;

/**
 * Replicas of OmniPaxos in one process, on virtual time and one source of chance: nothing of a run depends on anything but
 * its options. It checks behind every step that no two replicas have decided differently, that nothing decided, promised
 * or accepted is taken back, and in the end, once all trouble is over, that they go on.
 */
export class Simulation {
  readonly #options: SimulationOptions & Sabotage;
  readonly #random: SeededRandom;
  readonly #queue = new EventQueue();
  readonly #invariants = new Invariants();
  readonly #network: SimulatedNetwork;
  readonly #nodes: Node[];
  readonly #resendTicks: number;
  #proposals = 0;
  #steps = 0;
  #crashes = 0;

  /** @throws SimulationFailure */
  static run(options: SimulationOptions): SimulationReport {
    return new Simulation(options).#run();
  }

  /**
   * The same for runners, on disks that are slow and that fail: a crash takes what was not written yet, or not synced. Where
   * they do not give their states to peers, nobody compacts what another may lack.
   * @throws SimulationFailure as a rejection
   */
  static runRunners(options: SimulationOptions): Promise<SimulationReport> {
    return RunnerSimulation.run(options);
  }

  /** @internal @throws SimulationFailure */
  static runSabotaged(options: SimulationOptions & Sabotage): SimulationReport {
    return new Simulation(options).#run();
  }

  private constructor(options: SimulationOptions & Sabotage) {
    const { seed, replicas, loss } = checkSimulationOptions(options);
    const { takingLateFrames = false } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#resendTicks = this.#random.within(20, 100);
    const pids = Array.from({ length: replicas }, (_, i) => i + 1);
    this.#nodes = pids.map((pid, i) => {
      const family = options.families?.[i];
      const disk = new SimulatedDisk(family && new DatabaseMedium(family));
      return { pid, disk, omni: undefined, life: 0, floor: 0 };
    });
    const user = {
      receive: (from: number, to: number, message: Uint8Array) => {
        this.#call(to, `a message from ${from}`, (omni) => omni.handleIncoming(message));
      },
      connected: (one: number, other: number) => this.#connected(one, other),
      isUp: (pid: number) => this.#node(pid).omni !== undefined,
    };
    const troubles = { loss, takesLate: takingLateFrames };
    this.#network = new SimulatedNetwork(this.#queue, this.#random, pids, user, troubles);
  }

  #run(): SimulationReport {
    const { seed } = this.#options;
    try {
      const script = faultScript(this.#random, this.#pids, this.#options);
      for (const { pid } of this.#nodes) this.#start(pid);
      for (const { time, deed } of script) this.#queue.at(time * TICK, () => this.#do(deed));
      this.#queue.runUntil(((script.at(-1)?.time ?? 0) + 1) * TICK);
      const ticksToProgress = this.#recover();
      for (const { pid, omni } of this.#nodes) this.#invariants.checkAll(pid, omni as OmniPaxos<string>);
      return {
        seed,
        steps: this.#steps,
        decided: this.#invariants.chosen.length,
        crashes: this.#crashes,
        installations: 0,
        lateFrames: this.#network.late,
        ticksToProgress,
      };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const at = (this.#queue.now / TICK).toFixed(3);
      throw new SimulationFailure(seed, `after ${at} ticks, ${message}`, { cause: error });
    } finally {
      for (const { disk } of this.#nodes) disk.close();
    }
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
    if (node.omni !== undefined) return;
    this.#trace(() => `replica ${pid} starts`);
    const cluster = { configurationId: 1, nodes: [...this.#pids] };
    const server = { pid, resendMessageTickTimeout: this.#resendTicks };
    const omni = OmniPaxos.buildWithout<string>(this.#options.withoutGuard, cluster, server, node.disk.storage);
    node.omni = omni;
    node.life++;
    node.floor = omni.compactedIdx;
    this.#invariants.started(pid, omni, node.disk.storage.getAcceptedRound());
    this.#release(node, omni);
    this.#network.joined(pid);
    const { life } = node;
    const tick = () => {
      if (node.life !== life || node.omni === undefined) return;
      this.#call(pid, 'a tick', (replica) => replica.tick());
      // No two clocks go alike.
      this.#queue.after(this.#random.within(0.9 * TICK, 1.1 * TICK), tick);
    };
    this.#queue.after(this.#random.within(1, TICK), tick);
  }

  #crash(pid: number, ticks: number, losingPower: boolean): void {
    const node = this.#node(pid);
    if (node.omni === undefined) return;
    this.#trace(() => `replica ${pid} crashes${losingPower ? ', losing power' : ''}`);
    this.#crashes++;
    node.omni = undefined;
    node.life++;
    this.#network.left(pid);
    if (losingPower) node.disk.losePower(this.#random);
    else node.disk.restart();
    if (this.#options.forgetting !== undefined) node.disk.forget(this.#options.forgetting);
    this.#queue.after(ticks * TICK, () => this.#start(pid));
  }

  /** One step of `pid`, if it is up, and what must hold behind it. */
  #call(pid: number, what: string, work: (omni: OmniPaxos<string>) => void): void {
    const node = this.#node(pid);
    const { omni } = node;
    if (omni === undefined) return;
    this.#steps++;
    try {
      work(omni);
    } catch (error) {
      // Nothing comes behind a stop-sign: whoever proposes is told.
      if (!(error instanceof ConsensusError && error.code === 'PENDING_RECONFIGURATION')) {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`replica ${pid} fails at ${what}: ${message}`, { cause: error });
      }
    }
    const { storage } = node.disk;
    this.#invariants.check(pid, omni, storage.getAcceptedRound());
    if (omni.compactedIdx !== node.floor) {
      node.floor = omni.compactedIdx;
      this.#invariants.checkState(pid, omni, storage.getSnapshot());
    }
    this.#release(node, omni);
  }

  #release({ pid }: Node, omni: OmniPaxos<string>): void {
    for (const { to, bytes } of omni.outgoingMessages()) this.#network.send(pid, to, bytes);
  }

  #connected(one: number, other: number): void {
    this.#trace(() => `replicas ${one} and ${other} are connected`);
    const [first, second] = this.#random.chance(50) ? [one, other] : [other, one];
    this.#call(first, 'a new connection', (omni) => omni.reconnected(second));
    this.#call(second, 'a new connection', (omni) => omni.reconnected(first));
  }

  // ── What the script says ───────────────────────────────────────────────────────────────────────────────────────────

  #do(deed: Deed): void {
    this.#trace(() => JSON.stringify(deed));
    switch (deed.type) {
      case 'crash':
        this.#crash(deed.pid, deed.ticks, deed.losingPower);
        break;
      case 'crashLeader': {
        const leader = this.#leader();
        if (leader !== undefined) this.#crash(leader, deed.ticks, deed.losingPower);
        break;
      }
      case 'cut':
      case 'isolate':
      case 'split':
      case 'slow':
        this.#network.befall(deed);
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

  #leader(): number | undefined {
    return this.#nodes.find(({ pid, omni }) => {
      const leader = omni?.currentLeader;
      return leader?.pid === pid && leader.inAcceptPhase;
    })?.pid;
  }

  #propose(pid: number): string {
    const entry = `entry ${this.#proposals++}`;
    this.#invariants.propose(entry);
    this.#call(pid, 'a proposal', (omni) => omni.append(entry));
    return entry;
  }

  #compact(pid: number, percent: number): void {
    this.#call(pid, 'a compaction', (omni) => {
      const { storage } = this.#node(pid).disk;
      const end = storage.getCompactedIdx() + storage.getLogLen();
      const idx = Math.floor((Math.min(omni.decidedIdx, end) * percent) / 100);
      if (idx > omni.compactedIdx) omni.compact(idx, this.#invariants.stateAt(idx));
    });
  }

  #reconfigure(pid: number): void {
    const metadata = Buffer.from(`${this.#proposals++}`);
    this.#invariants.propose(`${STOPSIGN}${metadata}`);
    const next = { configurationId: 2, nodes: [...this.#pids] };
    this.#call(pid, 'a reconfiguration', (omni) => omni.reconfigure(next, metadata));
  }

  // ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** All is well again. Returns how many ticks it takes until something new is decided everywhere. */
  #recover(): number {
    this.#trace(() => 'all trouble is over');
    for (const { pid } of this.#nodes) this.#start(pid);
    this.#network.heal();
    const begin = this.#queue.now;
    const fresh: string[] = [];
    for (let ticks = ROUND_TICKS; ticks <= PROGRESS_TICKS; ticks += ROUND_TICKS) {
      this.#queue.runUntil(begin + ticks * TICK);
      if (this.#hasProgressed(fresh)) return ticks;
      // Every other round: what is forwarded to a leader who is none any longer is lost.
      if (ticks % (2 * ROUND_TICKS) === 0) fresh.push(this.#propose(1 + (fresh.length % this.#nodes.length)));
    }
    const states = this.#nodes.map(({ pid, omni }) => {
      return `${pid} follows ${omni?.currentLeader?.pid} and has decided ${omni?.decidedIdx} of ${omni?.acceptedIdx}`;
    });
    throw new Error(`nothing goes on for ${PROGRESS_TICKS} ticks: replica ${states.join('; ')}`);
  }

  #hasProgressed(fresh: readonly string[]): boolean {
    const { chosen, ended } = this.#invariants;
    if (!ended && !fresh.some((entry) => chosen.includes(entry))) return false;
    return this.#nodes.every(({ omni }) => {
      return omni?.decidedIdx === chosen.length && (!ended || omni.isReconfigured() !== undefined);
    });
  }

  #trace(line: () => string): void {
    this.#options.trace?.(`${(this.#queue.now / TICK).toFixed(3)} ${line()}`);
  }
}
