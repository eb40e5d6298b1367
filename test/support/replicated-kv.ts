// The processes of examples/replicated-kv, as a user starts them, and what a client sees of them over HTTP.

import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './free-ports.js';
import { compiled } from './run-command.js';

export const PIDS = [1, 2, 3];

export interface Reply {
  status: number;
  body: string;
}

/** What may have become of a request that has no reply: it never left, or nobody knows. */
export class NoReply extends Error {
  constructor(
    readonly wasSent: boolean,
    cause: Error,
  ) {
    super(`no reply: ${cause.message}`, { cause });
  }
}

export interface FetchOptions {
  body?: string | Buffer;
  headers?: Record<string, string>;
  timeoutMs?: number;
  /** Called once the replica has the head of the request; the body follows when it resolves. */
  beforeBody?: () => Promise<void>;
}

/** How the processes of a cluster come together. */
export interface ClusterOptions {
  /** The port at which `from` is to reach `to`, which listens on `port`. Default: that one. */
  through?: (from: number, to: number, port: number) => Promise<number>;
  /** Of each process, beside the variables of this one. */
  env?: (pid: number) => Record<string, string>;
  /** The arguments by which a replica has its certificate; none: it talks without. */
  credentials?: (pid: number) => string[];
}

interface Running {
  child: ChildProcess;
  url: string;
  stderr: () => string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export class ReplicatedKv {
  readonly #folder: string;
  /** As each replica is told, by its pid. */
  readonly #peers: Map<number, string>;
  readonly #env: (pid: number) => Record<string, string>;
  readonly #running = new Map<number, Running>();
  readonly #agent = new Agent({ keepAlive: true });
  /** The arguments by which a replica has its certificate; none: it talks without. */
  credentials: (pid: number) => string[];

  private constructor(
    folder: string,
    peers: Map<number, string>,
    { env = () => ({}), credentials = () => [] }: ClusterOptions,
  ) {
    this.#folder = folder;
    this.#peers = peers;
    this.#env = env;
    this.credentials = credentials;
  }

  static async three(folder: string, options: ClusterOptions = {}): Promise<ReplicatedKv> {
    const { through = async (_from, _to, port) => port } = options;
    const ports = await freePorts(PIDS.length);
    const peers = new Map<number, string>();
    for (const from of PIDS) {
      const endpoints = PIDS.map(async (to, i) => {
        const port = ports[i] as number;
        return `${to}=127.0.0.1:${to === from ? port : await through(from, to, port)}`;
      });
      peers.set(from, (await Promise.all(endpoints)).join(','));
    }
    const cluster = new ReplicatedKv(folder, peers, options);
    await Promise.all(PIDS.map((pid) => cluster.start(pid, 'bootstrap')));
    return cluster;
  }

  /** Starts a replica that waits to become a member. Gives where all of them are. */
  async join(pid: number): Promise<{ pid: number; endpoint: string }[]> {
    const [port] = await freePorts(1);
    this.#peers.set(pid, `${this.#peers.get(1)},${pid}=127.0.0.1:${port}`);
    await this.start(pid, 'join');
    const all = this.#peers.get(pid) as string;
    return all.split(',').map((peer) => ({ pid: Number(peer.split('=')[0]), endpoint: peer.split('=')[1] as string }));
  }

  arguments(pid: number): string[] {
    const [path, http, peers] = [join(this.#folder, `${pid}`), '0', this.#peers.get(pid) as string];
    const main = compiled('examples/replicated-kv/main.js');
    const own = ['--pid', `${pid}`, '--peers', peers, '--http', http, '--path', path];
    return [main, ...own, ...this.credentials(pid)];
  }

  /** Resolves once it serves. `env` is beside the variables of this process. */
  async start(pid: number, first?: 'bootstrap' | 'join', env: Record<string, string> = {}): Promise<void> {
    const args = [...this.arguments(pid), ...(first ? [`--${first}`] : [])];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...this.#env(pid), ...env } });
    let [stdout, stderr] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        const [, served] = /serves (\S+)\n/.exec(stdout) ?? [];
        if (served !== undefined) resolve(served);
      });
      ended.then(({ code, signal }) => reject(new Error(`replica ${pid} ended with ${code ?? signal}: ${stderr}`)));
    });
    this.#running.set(pid, { child, url, stderr: () => stderr, ended });
  }

  signal(pid: number, signal: NodeJS.Signals): void {
    this.#at(pid).child.kill(signal);
  }

  /** Sends the signal, and waits for the end. */
  async end(pid: number, signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.signal(pid, signal);
    return this.#at(pid).ended;
  }

  /** How it ends by itself. */
  ended(pid: number): Running['ended'] {
    return this.#at(pid).ended;
  }

  url(pid: number): string {
    return this.#at(pid).url;
  }

  stderr(pid: number): string {
    return this.#at(pid).stderr();
  }

  /** Leaves no process behind, not even one that is stopped. */
  async killAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((pid) => this.end(pid, 'SIGKILL')));
    this.#agent.destroy();
  }

  /** @throws NoReply */
  fetch(pid: number, method: string, path: string, options: FetchOptions = {}): Promise<Reply> {
    const { body, headers = {}, timeoutMs = 30_000, beforeBody } = options;
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#at(pid).url}${path}`, {
        method,
        headers: { ...headers, ...(beforeBody && { expect: '100-continue' }) },
        agent: this.#agent,
      });
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode as number, body: text }));
        response.on('error', (error) => reject(new NoReply(true, error)));
      });
      const timer = setTimeout(() => sent.destroy(new Error(`${timeoutMs} ms were over`)), timeoutMs);
      sent.on('close', () => clearTimeout(timer));
      sent.on('error', (error: NodeJS.ErrnoException) => reject(new NoReply(error.code !== 'ECONNREFUSED', error)));
      if (beforeBody === undefined) sent.end(body);
      else sent.on('continue', () => beforeBody().then(() => sent.end(body)));
      sent.flushHeaders();
    });
  }

  /** As {@link fetch}, again until the reply is one that `isWanted`; the test's own time-out ends it. */
  async fetchUntil(isWanted: (reply: Reply) => boolean, ...request: Parameters<ReplicatedKv['fetch']>): Promise<Reply> {
    for (;;) {
      const reply = await this.fetch(...request).catch(() => undefined);
      if (reply !== undefined && isWanted(reply)) return reply;
      await sleep(20);
    }
  }

  async status(pid: number): Promise<{
    leadership: { role: string; leader?: number; epoch?: string };
    appliedIdx: number;
    snapshotIdx: number;
    peers: { pid: number; connected: boolean }[];
  }> {
    return JSON.parse((await this.fetch(pid, 'GET', '/status')).body);
  }

  /** Whom one of `pids` takes for the leader, itself among them. */
  async leader(pids: readonly number[] = PIDS): Promise<number> {
    for (;;) {
      for (const pid of pids) if ((await this.status(pid)).leadership.role === 'leader') return pid;
      await sleep(20);
    }
  }

  #at(pid: number): Running {
    return this.#running.get(pid) as Running;
  }
}
