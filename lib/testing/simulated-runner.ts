import { once } from 'node:events';
import type { Clock } from '../consensus/clock.js';
import { ConsensusError, type ConsensusErrorCode } from '../consensus/consensus-error.js';
import type { DecidedItem } from '../consensus/decided-reader.js';
import { PaxosRunner } from '../consensus/paxos-runner.js';
import type { RunAheadFaults } from '../consensus/run-ahead.js';
import type { LogIndex } from '../contract/storage.js';
import { accessOf } from '../log/storage-methods.js';
import { isNote } from '../replica/notes.js';
import { commitmentIn } from './commitments.js';
import type { EventQueue } from './event-queue.js';
import { type Invariants, STOPSIGN } from './invariants.js';
import { DiskFailure, type RunnerDisk, type StoredState } from './runner-disk.js';
import type { SeededRandom } from './seeded-random.js';
import { TICK } from './simulated-network.js';
import { replaceState, SimulatedStates, type StateFault } from './simulated-states.js';

/** @internal What is done wrong, to show that a simulation notices it. */
export interface RunnerFaults extends RunAheadFaults {
  states?: StateFault;
}

/** Where simulated runners live. */
export interface Surroundings {
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly invariants: Invariants;
  readonly pids: readonly number[];
  readonly resendTicks: number;
  readonly earlyRelease: boolean;
  /** How they compact for themselves, where they give their states to peers. */
  readonly compaction: { everyEntries: number; keepEntries: number } | undefined;
  /** Whether they lose their states in crashes. */
  readonly losesStates: boolean;
  /** Whether the event loops of some of them are. */
  readonly isBusy: boolean;
  readonly faults: RunnerFaults;
  send(from: number, to: number, message: Uint8Array): void;
  /** `pid` can be reached. */
  started(pid: number): void;
  /** Its connections are gone. */
  ended(pid: number): void;
  /** That of another replica than `pid`, at `least` or behind. */
  stateFor(pid: number, least: LogIndex): Promise<StoredState | undefined>;
  /** A peer's state at `index` has become its own. */
  installed(pid: number, index: LogIndex): void;
  /** Its disk has failed. */
  diskFailed(pid: number): void;
  /** What must not happen. The first ends the run. */
  fail(error: unknown): void;
}

/** What a proposal may be refused with. */
const HARMLESS: readonly ConsensusErrorCode[] = [
  'PENDING_RECONFIGURATION',
  'RECONFIGURED',
  'STOPPED',
  'STORAGE_FAILED',
];

/** A replica that runs on its disk, crashes, and runs again, and all that it shows meanwhile. */
export class SimulatedRunner {
  readonly pid: number;
  readonly disk: RunnerDisk;
  readonly #around: Surroundings;
  /** Once it is open. */
  runner: PaxosRunner<string> | undefined;
  #states: SimulatedStates | undefined;
  /** How often it has started: what was meant for an earlier life is not done. */
  #life = 0;
  isUp = false;
  #hasLostState = false;
  /** In this life. */
  #decidedIdx: LogIndex = 0;
  #epoch = 0n;
  /** What it has read of what is decided; of what a state stands for, what that says. */
  #applied: string[] = [];

  constructor(pid: number, disk: RunnerDisk, around: Surroundings) {
    this.pid = pid;
    this.disk = disk;
    this.#around = around;
  }

  /** Up to here its decided entries have been read. */
  get read(): LogIndex {
    return this.#applied.length;
  }

  get isLeader(): boolean {
    return this.runner?.leadership.role === 'leader';
  }

  // ── Its lives ──────────────────────────────────────────────────────────────────────────────────────────────────────

  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.#decidedIdx = 0;
    this.#epoch = 0n;
    const life = ++this.#life;
    const isCurrent = () => this.#life === life;
    this.#open(isCurrent).catch((error) => isCurrent() && this.#ended(error));
  }

  async #open(isCurrent: () => boolean): Promise<void> {
    const { pids, resendTicks, earlyRelease, compaction, faults, started } = this.#around;
    await this.disk.open();
    if (this.#hasLostState) await this.#takeState();
    if (!isCurrent()) return;
    const { storage, isNew } = this.disk;
    const options = {
      cluster: { configurationId: 1, nodes: [...pids] },
      server: { pid: this.pid, resendMessageTickTimeout: resendTicks },
      storage,
      bootstrap: isNew,
      earlyRelease,
    };
    this.#checkMemory();
    const peers = pids.filter((pid) => pid !== this.pid);
    const states = compaction ? new SimulatedStates(this.disk, peers, faults.states) : undefined;
    await states?.open();
    const clock = this.#clockFor(isCurrent);
    const runner = await PaxosRunner.openOn<string>(clock, options, faults, states?.exchange);
    if (!isCurrent()) return;
    const send = (to: number, message: Uint8Array) => {
      if (!isCurrent()) return;
      if (!isNote(message)) this.#around.invariants.told(this.pid, commitmentIn(message));
      this.#around.send(this.pid, to, message);
    };
    this.runner = runner;
    this.#states = states;
    runner.start({ send });
    runner.stopped.then((error) => isCurrent() && this.#ended(error));
    if (states === undefined) this.#readLog(isCurrent, runner);
    else {
      states.start({
        clock,
        runner,
        send,
        restart: (write) => this.#restart(write),
      });
      this.#readStates(isCurrent, runner, states);
    }
    started(this.pid);
  }

  /** Where no peer has one, it finds its own once more. */
  async #takeState(): Promise<void> {
    const { stateFor, installed, faults } = this.#around;
    const state = await stateFor(this.pid, this.#floor);
    if (state === undefined) return;
    try {
      await replaceState(this.disk, state, faults.states);
    } catch (cause) {
      if (!(cause instanceof DiskFailure)) throw cause;
      throw new ConsensusError('STORAGE_FAILED', cause.message, { cause });
    }
    this.#hasLostState = false;
    installed(this.pid, state.index);
  }

  /** Its process ends. */
  crash(losingPower: boolean): void {
    const { losesStates, random } = this.#around;
    this.#stop();
    this.disk.crash(losingPower);
    if (losesStates) this.#hasLostState = random.chance(50);
  }

  #stop(): void {
    this.isUp = false;
    this.#life++;
    this.runner?.stop();
    this.runner = undefined;
    this.#states?.close();
    this.#states = undefined;
    this.#around.ended(this.pid);
  }

  /** Its runner ends, `write` is done on its disk, and the next begins. */
  #restart(write: () => Promise<void>): void {
    this.#stop();
    const begin = () => this.start();
    const crash = (error: unknown) => {
      if (!(error instanceof DiskFailure)) return this.#around.fail(error);
      this.disk.crash(false);
      begin();
    };
    write().then(begin, crash);
  }

  /** It is used no more. */
  async close(): Promise<void> {
    if (this.isUp) this.#stop();
    await this.disk.close();
  }

  /** A runner ends by itself where its disk has failed, and for no other reason. */
  #ended(error: Error | undefined): void {
    if (error instanceof ConsensusError && error.cause instanceof DiskFailure) this.#around.diskFailed(this.pid);
    else this.#around.fail(new Error(`replica ${this.pid} ends: ${error?.message}`, { cause: error }));
  }

  /** What it has told others it knows still. */
  async #checkMemory(): Promise<void> {
    const { storage } = this.disk;
    try {
      const [promise, round, { next }] = await Promise.all([
        storage.getPromise(),
        storage.getAcceptedRound(),
        storage.getBounds(),
      ]);
      const stopsign = await storage.getStopsign();
      const idx = next + (stopsign === undefined ? 0 : 1);
      this.#around.invariants.remembers(this.pid, promise, { round, idx });
    } catch (error) {
      this.#around.fail(error);
    }
  }

  /** No two clocks go alike. */
  #clockFor(isCurrent: () => boolean): Clock {
    const { queue, random, isBusy } = this.#around;
    const turn = isBusy ? random.oneOf([1, TICK / 5, 1.5 * TICK]) : 1;
    return {
      every: (_, tick) => {
        let isOn = true;
        const next = () => {
          if (!isOn || !isCurrent()) return;
          tick();
          queue.after(random.within(0.9 * TICK, 1.1 * TICK), next);
        };
        queue.after(random.within(1, TICK), next);
        return () => {
          isOn = false;
        };
      },
      soon: (work) => queue.after(turn, () => isCurrent() && work()),
    };
  }

  // ── What comes in ──────────────────────────────────────────────────────────────────────────────────────────────────

  receive(from: number, message: Uint8Array): void {
    this.call(`a message from ${from}`, (runner) => {
      if (isNote(message)) this.#states?.receive(from, message);
      else runner.handleIncoming(from, message);
    });
  }

  connected(pid: number): void {
    this.call('a new connection', (runner) => {
      this.#states?.reconnected(pid);
      runner.connected(pid);
    });
  }

  call(what: string, work: (runner: PaxosRunner<string>) => void): void {
    const { runner } = this;
    if (runner === undefined) return;
    try {
      work(runner);
      this.#check(runner);
    } catch (error) {
      if (error instanceof ConsensusError && HARMLESS.includes(error.code)) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#around.fail(new Error(`replica ${this.pid} fails at ${what}: ${message}`, { cause: error }));
    }
  }

  #check({ decidedIdx, leadership }: PaxosRunner<string>): void {
    if (decidedIdx < this.#decidedIdx) {
      throw new Error(`it takes its decided index back from ${this.#decidedIdx} to ${decidedIdx}`);
    }
    this.#decidedIdx = decidedIdx;
    if (leadership.role === 'unknown') return;
    const { epoch } = leadership;
    if (epoch < this.#epoch) throw new Error(`its epoch goes back from ${this.#epoch} to ${epoch}`);
    this.#epoch = epoch;
    this.#around.invariants.lead(leadership.role === 'leader' ? this.pid : leadership.leader, epoch);
  }

  /** Its own state takes the place of the log below what it has read, but for `keepEntries`. */
  compact(keepEntries: number): void {
    this.#states?.take(this.#applied, keepEntries).catch((error) => {
      if (!(error instanceof DiskFailure)) this.#around.fail(error);
    });
  }

  #compactIfDue(): void {
    const { compaction } = this.#around;
    if (compaction === undefined || this.read % compaction.everyEntries !== 0) return;
    this.compact(compaction.keepEntries);
  }

  // ── What it shows as decided, all of it ────────────────────────────────────────────────────────────────────────────

  async #readLog(isCurrent: () => boolean, runner: PaxosRunner<string>): Promise<void> {
    const { storage } = this.disk;
    const { chosen } = this.#around.invariants;
    try {
      this.#applied = chosen.slice(0, await storage.getCompactedIdx());
      while (isCurrent()) {
        try {
          await this.#read(isCurrent, runner);
          return; // behind the stop-sign
        } catch (error) {
          const floor = await storage.getCompactedIdx();
          if (floor <= this.read) throw error;
          this.#applied = chosen.slice(0, floor); // compacted before it was read: from a state on, as a user would
        }
      }
    } catch (error) {
      this.#failReading(isCurrent, error);
    }
  }

  /** From its own state on, which may be one that has come from a peer meanwhile. */
  async #readStates(isCurrent: () => boolean, runner: PaxosRunner<string>, states: SimulatedStates): Promise<void> {
    try {
      while (isCurrent()) {
        const signal = states.nextInstallation;
        const own = await states.restore();
        if (!isCurrent()) return;
        this.#around.invariants.checkOwnState(this.pid, this.#floor, own);
        this.#applied = own;
        try {
          await this.#read(isCurrent, runner, signal);
          return;
        } catch (error) {
          // The log may move before the state is durable.
          if (this.#floor > this.read && !signal.aborted) await once(signal, 'abort');
          if (!signal.aborted) throw error;
          this.#around.installed(this.pid, this.#floor);
        }
      }
    } catch (error) {
      this.#failReading(isCurrent, error);
    }
  }

  get #floor(): LogIndex {
    return accessOf(this.disk.storage).cursor.compactedIdx;
  }

  async #read(isCurrent: () => boolean, runner: PaxosRunner<string>, signal?: AbortSignal): Promise<void> {
    for await (const item of runner.decided(this.read, signal && { signal })) {
      if (!isCurrent()) return;
      if (item.index !== this.read) throw new Error(`it reads ${item.index} in place of ${this.read}`);
      this.#around.invariants.decide(this.pid, item.index, textOf(item));
      this.#applied.push(textOf(item));
      this.#compactIfDue();
    }
  }

  #failReading(isCurrent: () => boolean, error: unknown): void {
    // One that has ended with its disk ends its readers.
    const hasEnded = error instanceof ConsensusError && error.cause instanceof DiskFailure;
    if (isCurrent() && !hasEnded) {
      const message = error instanceof Error ? error.message : String(error);
      this.#around.fail(new Error(`replica ${this.pid}: ${message}`, { cause: error }));
    }
  }
}

export function textOf(item: DecidedItem<string>): string {
  return 'entry' in item ? item.entry : `${STOPSIGN}${Buffer.from(item.stopsign.metadata ?? []).toString()}`;
}
