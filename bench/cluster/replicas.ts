// Three replicas, each in a process of its own, over TCP. What is proposed is proposed in the leader's process.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Contestant, Numbers } from '../shared/contestant.js';
import { freePorts } from '../shared/free-ports.js';
import { ownHello } from '../shared/own-database.js';
import type { Sample } from '../shared/protocol.js';
import { type Cluster, measureKills, PIDS, processorTimeOf, recycleWals } from './cluster.js';
import type { Request } from './replica-process.js';

const PROGRAM = fileURLToPath(new URL('replica-process.js', import.meta.url));

export class Replicas implements Cluster {
  readonly #folder: string;
  readonly #peers: string;
  readonly #children = new Map<number, ChildProcess>();

  constructor(folder: string, ports: readonly number[]) {
    this.#folder = folder;
    this.#peers = JSON.stringify(PIDS.map((pid, i) => ({ pid, endpoint: `127.0.0.1:${ports[i]}` })));
  }

  path(pid: number): string {
    return join(this.#folder, `${pid}`);
  }

  async start(pid: number, bootstrap: boolean): Promise<void> {
    const child = fork(PROGRAM, [`${pid}`, this.#peers, this.path(pid), `${bootstrap}`], { execArgv: [] });
    this.#children.set(pid, child);
    await answerOf(child);
  }

  restart(pid: number): Promise<void> {
    return this.start(pid, false);
  }

  processes(): number[] {
    return PIDS.map((pid) => this.#at(pid).pid as number);
  }

  async leader(): Promise<number> {
    for (;;) {
      const seen = await Promise.all(PIDS.map((pid) => this.#ask<{ leader?: number }>(pid, 'leader')));
      const leaders = new Set(seen.map(({ leader }) => leader));
      const [leader] = leaders;
      if (leaders.size === 1 && leader !== undefined) return leader;
      await sleep(10);
    }
  }

  kill(pid: number): void {
    this.#at(pid).kill('SIGKILL');
  }

  async decideAt(pids: readonly number[]): Promise<void> {
    const all = pids.map((pid) => this.#ask(pid, 'decide'));
    await Promise.any(all);
    await Promise.all(all); // each answers one request at a time
  }

  async measure(numbers: Numbers): Promise<Sample> {
    return this.#ask(await this.leader(), { measure: numbers });
  }

  async close(): Promise<void> {
    const ended = [...this.#children.values()].map((child) => once(child, 'exit'));
    for (const child of this.#children.values()) child.disconnect();
    await Promise.all(ended);
  }

  #ask<Answer extends object>(pid: number, request: Request): Promise<Answer> {
    const child = this.#at(pid);
    child.send(request);
    return answerOf(child);
  }

  #at(pid: number): ChildProcess {
    return this.#children.get(pid) as ChildProcess;
  }
}

function answerOf<Answer extends object>(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('a replica has ended'));
    child.once('exit', ended);
    child.once('message', (answer) => {
      child.off('exit', ended);
      resolve(answer as Answer);
    });
  });
}

export async function openReplicas(folder: string): Promise<Contestant> {
  const replicas = new Replicas(folder, await freePorts(PIDS.length));
  await Promise.all(PIDS.map((pid) => replicas.start(pid, true)));
  await recycleWals(
    PIDS.map((pid) => replicas.path(pid)),
    (numbers) => replicas.measure(numbers),
  );
  return {
    version: `${ownHello.version}, a Replica in each of three processes`,
    durability: 'every entry, on each replica',
    works: {
      append: (numbers) => processorTimeOf(replicas.processes(), () => replicas.measure(numbers)),
      kill: ({ batch }) => measureKills(replicas, batch),
    },
    async settle() {},
    close: () => replicas.close(),
  };
}
