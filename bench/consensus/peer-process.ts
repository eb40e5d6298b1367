// A replica in a process of its own (peer.ts), as the process of the leader sees it.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ReplicaControl } from './tcp-replica.js';

const PEER = fileURLToPath(new URL('peer.js', import.meta.url));

export interface PeerCall {
  name: keyof ReplicaControl;
  argument: unknown;
}

/** The first one says that the replica is open. */
export type PeerAnswer = { value: unknown } | { error: string };

export class PeerProcess implements ReplicaControl {
  readonly #pid: number;
  readonly #child: ChildProcess;

  static async start(pid: number, folder: string, earlyRelease: boolean): Promise<PeerProcess> {
    const args = [String(pid), folder, earlyRelease ? 'early' : 'held'];
    const child = fork(PEER, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const peer = new PeerProcess(pid, child);
    await peer.#answer();
    return peer;
  }

  private constructor(pid: number, child: ChildProcess) {
    this.#pid = pid;
    this.#child = child;
  }

  listen(): Promise<string> {
    return this.#call('listen');
  }

  start(endpoints: readonly string[]): Promise<void> {
    return this.#call('start', endpoints);
  }

  leader(): Promise<number | undefined> {
    return this.#call('leader');
  }

  stop(): Promise<void> {
    return this.#call('stop');
  }

  decidedIdx(): Promise<number> {
    return this.#call('decidedIdx');
  }

  compact(idx: number): Promise<void> {
    return this.#call('compact', idx);
  }

  fill(): Promise<void> {
    return this.#call('fill');
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  #call<V>(name: PeerCall['name'], argument?: unknown): Promise<V> {
    this.#child.send({ name, argument } satisfies PeerCall);
    return this.#answer() as Promise<V>;
  }

  async #answer(): Promise<unknown> {
    const answered = new AbortController();
    const { signal } = answered;
    const ended = once(this.#child, 'exit', { signal }).then(() => {
      throw new Error(`replica ${this.#pid} has ended before it had answered`);
    });
    ended.catch(() => {}); // or it was answered
    try {
      const [answer] = (await Promise.race([once(this.#child, 'message', { signal }), ended])) as [PeerAnswer];
      if ('error' in answer) throw new Error(`replica ${this.#pid}: ${answer.error}`);
      return answer.value;
    } finally {
      answered.abort();
    }
  }
}
