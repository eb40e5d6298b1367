// Three replicas, each a process on a database of its own, killed again and again. The parent is their network, and keeps
// what any of them has shown as decided: from then on it must be decided, at that index, at all of them.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Database, RocksdbStorage } from '../../lib/index.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';

const REPLICA = fileURLToPath(new URL('../lib/consensus/fixtures/replica-until-killed.mjs', import.meta.url));
const PIDS = [1, 2, 3];
/** Who is killed in a round: all of them as often as each of the others. */
const VICTIMS = [[1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3], [1, 2, 3]];
const PATIENCE_MS = 30_000;
/** Longer than it takes what is under way to be decided. */
const QUIET_MS = 300;

type FromReplica =
  | { type: 'opened'; decidedIdx: number }
  | { type: 'frame'; to: number; connection: number; bytes: Uint8Array }
  | { type: 'decided'; entries: string[] };

type ToReplica =
  | { type: 'connected'; peer: number; connection: number }
  | { type: 'frame'; from: number; connection: number; bytes: Uint8Array }
  | { type: 'quiet' }
  | { type: 'stop' };

export interface KillOptions {
  folder: string;
  kills: number;
  /** Of who is killed and when; what the replicas are doing by then is not the same twice. */
  seed: number;
  /** Breaks it: behind this many kills all that are killed start on empty disks, as if for the first time. */
  emptyDisksBehind?: number;
}

export interface KillReport {
  /** Rounds, in each of which one, two or all three are killed. */
  kills: number;
  processes: number;
  decided: number;
  elapsedMs: number;
}

export class KilledCluster {
  readonly #options: KillOptions;
  readonly #random: SeededRandom;
  readonly #processes = new Map<number, ChildProcess>();
  /** Who has opened its database, and is on the network. */
  readonly #online = new Set<number>();
  /** The number of the connection between two. */
  readonly #connections = new Map<string, number>();
  #lastConnection = 0;
  /** What is decided, by whichever replica told it first. */
  readonly #chosen: string[] = [];
  readonly #indices = new Map<string, number>();
  /** How far each has told its log, in this life. */
  readonly #told = new Map<number, number>();
  /** The highest decided index that each has shown, in all of its lives. */
  readonly #shown = new Map<number, number>();
  readonly #disks = new Map<number, number>();
  #failure: Error | undefined;
  #kills = 0;
  #killed = 0;

  private constructor(options: KillOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  /** @throws Error that names the seed, and what was lost, moved or not decided any more */
  static async run(options: KillOptions): Promise<KillReport> {
    const cluster = new KilledCluster(options);
    const started = performance.now();
    try {
      await cluster.#run();
      const decided = cluster.#chosen.length;
      return { kills: cluster.#kills, processes: cluster.#killed, decided, elapsedMs: performance.now() - started };
    } catch (error) {
      const message = `seed ${options.seed}, behind ${cluster.#kills} kills: ${(error as Error).message}`;
      throw new Error(message, { cause: error });
    } finally {
      await cluster.#end();
    }
  }

  async #run(): Promise<void> {
    for (const pid of PIDS) this.#start(pid, 'first start');
    // One that is killed before it has bootstrapped could not start again: nobody knows that it has not voted.
    await this.#until(() => this.#online.size === PIDS.length, 'all had started');
    while (this.#kills < this.#options.kills) {
      // Mostly while entries are being decided, and now and then before a leader is found.
      if (this.#random.chance(70)) await this.#progress();
      await sleep(this.#random.within(0, 200));
      await this.#killSome();
      this.#check();
    }
    await this.#finish();
  }

  /** One round: its victims die at the same time, or one behind the other, and start again in any order. */
  async #killSome(): Promise<void> {
    const victims = this.#random.oneOf(VICTIMS);
    const together = this.#random.chance(50);
    this.#kills++;
    await Promise.all(
      victims.map(async (pid) => {
        const [killedIn, downFor] = [together ? 0 : this.#random.within(0, 120), this.#random.within(0, 150)];
        await sleep(killedIn);
        await this.#kill(pid);
        await sleep(downFor);
        this.#restart(pid);
      }),
    );
  }

  /** No process is left, whatever happened. */
  async #end(): Promise<void> {
    for (const child of this.#processes.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await closed;
    }
  }

  #restart(pid: number): void {
    const { emptyDisksBehind = Number.POSITIVE_INFINITY } = this.#options;
    const isEmpty = this.#kills > emptyDisksBehind;
    if (isEmpty) this.#disks.set(pid, this.#kills);
    this.#start(pid, isEmpty ? 'first start' : 'again');
  }

  #start(pid: number, start: 'first start' | 'again'): void {
    const release = this.#random.chance(50) ? 'early' : 'durable';
    const child = fork(REPLICA, [this.#path(pid), String(pid), start, release], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.#processes.set(pid, child);
    this.#told.set(pid, 0);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', () => {}); // a message to one that was just killed
    child.on('message', (message: FromReplica) => {
      if (this.#processes.get(pid) !== child) return;
      try {
        this.#receive(pid, message);
      } catch (error) {
        this.#failure ??= error as Error;
      }
    });
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) return;
      this.#failure ??= new Error(`replica ${pid} ended with ${code ?? signal}: ${stderr}`);
    });
  }

  /** Resolves once all that it told before is read. */
  async #kill(pid: number): Promise<void> {
    const child = this.#processes.get(pid) as ChildProcess;
    this.#online.delete(pid);
    for (const peer of PIDS) this.#connections.delete(between(pid, peer));
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
    this.#killed++;
  }

  #receive(pid: number, message: FromReplica): void {
    switch (message.type) {
      case 'opened': {
        const shown = this.#shown.get(pid) ?? 0;
        if (message.decidedIdx < shown) {
          throw new Error(`replica ${pid} has shown ${shown} as decided, and knows of ${message.decidedIdx} only`);
        }
        this.#connect(pid);
        break;
      }
      case 'frame': {
        const { to, connection, bytes } = message;
        if (this.#connections.get(between(pid, to)) !== connection) break; // of a connection that has ended
        this.#send(to, { type: 'frame', from: pid, connection, bytes });
        break;
      }
      case 'decided':
        for (const entry of message.entries) this.#decided(pid, entry);
        break;
    }
  }

  #decided(pid: number, entry: string): void {
    const idx = this.#told.get(pid) as number;
    this.#told.set(pid, idx + 1);
    this.#shown.set(pid, Math.max(idx + 1, this.#shown.get(pid) ?? 0));
    if (idx < this.#chosen.length) {
      if (this.#chosen[idx] === entry) return;
      throw new Error(`replica ${pid} has decided "${entry}" at ${idx}, where "${this.#chosen[idx]}" is decided`);
    }
    const before = this.#indices.get(entry);
    if (before !== undefined)
      throw new Error(`replica ${pid} has decided "${entry}" at ${idx}, and at ${before} before`);
    this.#indices.set(entry, idx);
    this.#chosen.push(entry);
  }

  #connect(pid: number): void {
    for (const peer of this.#online) {
      const connection = ++this.#lastConnection;
      this.#connections.set(between(pid, peer), connection);
      this.#send(pid, { type: 'connected', peer, connection });
      this.#send(peer, { type: 'connected', peer: pid, connection });
    }
    this.#online.add(pid);
  }

  #send(pid: number, message: ToReplica): void {
    const child = this.#processes.get(pid);
    if (child?.connected) child.send(message, () => {}); // lost, where it was killed meanwhile
  }

  /** Waits until something new is decided. */
  #progress(): Promise<void> {
    const before = this.#chosen.length;
    return this.#until(() => this.#chosen.length > before, 'anything more was decided');
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds()) {
      this.#check();
      if (performance.now() > deadline) throw new Error(`${PATIENCE_MS} ms went by before ${what}`);
      await sleep(5);
    }
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** All go on and become equal, as they show it and on their disks. */
  async #finish(): Promise<void> {
    await this.#until(() => this.#online.size === PIDS.length, 'all were there again');
    const ofThisLife = PIDS.map((pid) => `${pid}.${this.#processes.get(pid)?.pid}.`);
    const isDecided = (prefix: string) => this.#chosen.some((entry) => entry.startsWith(prefix));
    await this.#until(() => ofThisLife.every(isDecided), 'each replica got something decided');
    for (const pid of PIDS) this.#send(pid, { type: 'quiet' });
    let quietSince = { decided: 0, at: 0 };
    await this.#until(() => {
      const decided = this.#chosen.length;
      const areEqual = PIDS.every((pid) => this.#told.get(pid) === decided);
      if (!areEqual || decided !== quietSince.decided) quietSince = { decided, at: performance.now() };
      return performance.now() - quietSince.at > QUIET_MS;
    }, 'all had shown the same');
    const closed = PIDS.map((pid) => new Promise((resolve) => this.#processes.get(pid)?.once('close', resolve)));
    for (const pid of PIDS) this.#send(pid, { type: 'stop' });
    await Promise.all(closed);
    this.#check();
    for (const pid of PIDS) await this.#compareDisk(pid);
  }

  async #compareDisk(pid: number): Promise<void> {
    await using database = await Database.open(this.#path(pid));
    using log = RocksdbStorage.openIn<string>(database, 'log');
    const decidedIdx = log.getDecidedIdx();
    if (decidedIdx !== this.#chosen.length) {
      throw new Error(`the disk of ${pid} says that ${decidedIdx} are decided, not ${this.#chosen.length}`);
    }
    for (const { index, entry } of log.entries(0, decidedIdx)) {
      if (entry !== this.#chosen[index]) throw new Error(`the disk of ${pid} has "${entry}" at ${index}`);
    }
  }

  #path(pid: number): string {
    return join(this.#options.folder, `${pid} ${this.#disks.get(pid) ?? 0}`);
  }
}

function between(one: number, other: number): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
