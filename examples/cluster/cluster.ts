// Three replicas in processes of their own, and the ways between them. It starts and kills them, and knows who leads.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from './flight-log.js';
import type { Outcome, Request, Told } from './protocol.js';
import { Way } from './way.js';

export const PIDS = [1, 2, 3] as const;

/** A replica in one of its lives. */
interface Life {
  child: ChildProcess;
  isOpen: boolean;
  /** Until it has ended, or is killed. */
  isRunning: boolean;
  /** Those who wait for what became of their append. */
  appends: Map<number, (outcome: Outcome) => void>;
  histories: Map<number, (rows: Uint32Array) => void>;
}

type Unnumbered<R> = R extends Request ? Omit<R, 'id'> : never;

export class Cluster {
  readonly #folder: string;
  /** By who sends, and to whom. */
  readonly #ways = new Map<number, Map<number, Way>>();
  readonly #lives = new Map<number, Life>();
  #isClosed = false;
  #requests = 0;
  #leader: { pid: number; epoch: bigint } | undefined;
  /** How often another leader, or the same one anew, was seen after the first. */
  leaderChanges = -1;
  /** What ended a replica that nobody has killed. */
  failure: string | undefined;

  /** The databases will lie below `folder`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts all replicas for the first time. Resolves once they are open. */
  async open(): Promise<void> {
    for (const from of PIDS) {
      const ways = new Map<number, Way>();
      for (const to of PIDS) if (to !== from) ways.set(to, await Way.open());
      this.#ways.set(from, ways);
    }
    await Promise.all(PIDS.map((pid) => this.start(pid, 'bootstrap')));
  }

  /** Who was elected last; undefined while that replica is dead. */
  get leader(): number | undefined {
    return this.#leader !== undefined && this.isOpen(this.#leader.pid) ? this.#leader.pid : undefined;
  }

  isOpen(pid: number): boolean {
    return this.#lives.get(pid)?.isOpen ?? false;
  }

  /** Open, or about to be. */
  isRunning(pid: number): boolean {
    return this.#lives.get(pid)?.isRunning ?? false;
  }

  /** Resolves once it is open, or has ended by itself. */
  async start(pid: number, ...first: 'bootstrap'[]): Promise<void> {
    if (this.#isClosed) return;
    const peers = [...(this.#ways.get(pid) ?? [])].map(([peer, { endpoint }]) => ({ pid: peer, endpoint }));
    const args = [`${pid}`, join(this.#folder, `${pid}`), JSON.stringify(peers), ...first];
    const child = fork(new URL('./replica.js', import.meta.url), args, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const life: Life = { child, isOpen: false, isRunning: true, appends: new Map(), histories: new Map() };
    this.#lives.set(pid, life);
    const opened = new Promise<void>((resolve) => {
      child.on('message', (told: Told) => {
        if (!life.isRunning) return; // last words of one that was killed
        this.#heed(pid, life, told);
        if (told.type === 'open') resolve();
      });
      child.once('exit', (code, signal) => {
        if (life.isRunning) this.failure ??= `replica ${pid} ended by itself, with ${signal ?? `exit code ${code}`}`;
        this.#end(pid, life);
        resolve();
      });
    });
    await opened;
  }

  /** With SIGKILL. Resolves once it is gone. */
  async kill(pid: number): Promise<void> {
    const life = this.#lives.get(pid);
    if (!life?.isRunning) return;
    const closed = once(life.child, 'close');
    life.child.kill('SIGKILL');
    this.#end(pid, life);
    await closed;
  }

  /** Kills all, and nothing is started any more. Resolves once they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const gone = PIDS.map((pid) => this.kill(pid));
    for (const ways of this.#ways.values()) for (const way of ways.values()) way.close();
    await Promise.all(gone);
  }

  /** `from` can no longer send to `to`, until what this returns is called. */
  cut(from: number, to: number): () => void {
    const way = this.#ways.get(from)?.get(to);
    if (way === undefined) throw new RangeError(`there is no way from ${from} to ${to}`);
    return way.cut();
  }

  /** Through the replica `pid`, which is open. Never rejects. */
  append(pid: number, command: Command): Promise<Outcome> {
    const life = this.#lives.get(pid) as Life;
    return new Promise((resolve) => life.appends.set(this.#ask(life, { type: 'append', command }), resolve));
  }

  /** All rows of the state machine of `pid`. */
  history(pid: number): Promise<Uint32Array> {
    const life = this.#lives.get(pid) as Life;
    return new Promise((resolve) => life.histories.set(this.#ask(life, { type: 'history' }), resolve));
  }

  #ask(life: Life, request: Unnumbered<Request>): number {
    const id = ++this.#requests;
    life.child.send({ ...request, id }, () => {}); // where it is gone, its end tells
    return id;
  }

  #heed(pid: number, life: Life, told: Told): void {
    if (told.type === 'listens') this.#tellPort(pid, told.port);
    else if (told.type === 'open') life.isOpen = true;
    else if (told.type === 'leads') this.#ledBy(pid, told.epoch);
    else if (told.type === 'history') life.histories.get(told.id)?.(told.rows);
    else {
      life.appends.get(told.id)?.(told.outcome);
      life.appends.delete(told.id);
    }
  }

  #ledBy(pid: number, epoch: bigint): void {
    if (this.#leader !== undefined && epoch <= this.#leader.epoch) return; // one that has not yet learnt of the next
    this.#leader = { pid, epoch };
    this.leaderChanges++;
    // Who waits at another replica, which may be cut off, asks again here.
    for (const [other, life] of this.#lives) if (other !== pid) forget(life);
  }

  #end(pid: number, life: Life): void {
    if (!life.isRunning) return;
    [life.isOpen, life.isRunning] = [false, false];
    this.#tellPort(pid, undefined);
    forget(life);
    for (const resolve of life.histories.values()) resolve(new Uint32Array()); // there is nobody to ask
  }

  #tellPort(pid: number, port: number | undefined): void {
    for (const ways of this.#ways.values()) {
      const way = ways.get(pid);
      if (way !== undefined) way.port = port;
    }
  }
}

/** What it was asked for may have been done, or may be yet. */
function forget({ appends }: Life): void {
  for (const resolve of appends.values()) resolve({ type: 'unknown' });
  appends.clear();
}
