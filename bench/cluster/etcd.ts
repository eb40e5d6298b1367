// Three processes of etcd, and its Go client in a process of its own (etcd-client/), which speaks to the leader.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contestant, Numbers } from '../shared/contestant.js';
import { freePorts } from '../shared/free-ports.js';
import type { Sample } from '../shared/protocol.js';
import { type Cluster, ELECTION_TIMEOUT_MS, measureKills, PIDS, processorTimeOf } from './cluster.js';

const ROOT = import.meta.resolve('omnipaxos-rocksdb/package.json');
const SOURCE = fileURLToPath(new URL('bench/cluster/etcd-client/', ROOT));
const CLIENT = fileURLToPath(new URL('build/etcd-client', ROOT));
/** etcd's own ratio to the election time-out. */
const HEARTBEAT_MS = ELECTION_TIMEOUT_MS / 10;

/** Why etcd cannot take part here, or undefined. Builds the client. */
export function whyNoEtcd(): string | undefined {
  if (spawnSync('etcd', ['--version']).error) return 'etcd is not installed (Debian: etcd-server)';
  const { error, status, stderr } = spawnSync('go', ['build', '-o', CLIENT, '.'], { cwd: SOURCE, encoding: 'utf8' });
  if (error) return "Go is not installed, which etcd's client is built with";
  return status === 0 ? undefined : `etcd's client could not be built: ${stderr.trim()}`;
}

class Etcd implements Cluster {
  readonly #folder: string;
  readonly #clientPorts: readonly number[];
  readonly #peerPorts: readonly number[];
  readonly #children = new Map<number, ChildProcess>();
  #client: ChildProcess | undefined;
  #answers: AsyncIterator<string> | undefined;

  constructor(folder: string, ports: readonly number[]) {
    this.#folder = folder;
    this.#clientPorts = ports.slice(0, PIDS.length);
    this.#peerPorts = ports.slice(PIDS.length);
    process.once('exit', () => {
      for (const child of this.#children.values()) child.kill('SIGKILL');
    });
  }

  async startAll(): Promise<void> {
    for (const pid of PIDS) this.#start(pid);
    const endpoints = this.#clientPorts.map((port) => `127.0.0.1:${port}`);
    const client = spawn(CLIENT, endpoints, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#client = client;
    this.#answers = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    await this.decideAt(PIDS);
  }

  #start(pid: number): void {
    const url = (ports: readonly number[]) => `http://127.0.0.1:${ports[pid - 1]}`;
    const members = PIDS.map((each, i) => `replica-${each}=http://127.0.0.1:${this.#peerPorts[i]}`).join(',');
    const options = {
      name: `replica-${pid}`,
      'data-dir': join(this.#folder, `${pid}`),
      'listen-client-urls': url(this.#clientPorts),
      'advertise-client-urls': url(this.#clientPorts),
      'listen-peer-urls': url(this.#peerPorts),
      'initial-advertise-peer-urls': url(this.#peerPorts),
      'initial-cluster': members,
      'heartbeat-interval': HEARTBEAT_MS,
      'election-timeout': ELECTION_TIMEOUT_MS,
      'log-level': 'fatal',
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const child = spawn('etcd', args, { stdio: 'ignore' });
    this.#children.set(pid, child);
  }

  async restart(pid: number): Promise<void> {
    const child = this.#children.get(pid) as ChildProcess;
    if (child.signalCode === null) await once(child, 'exit');
    this.#start(pid);
  }

  processes(): number[] {
    return [this.#client, ...this.#children.values()].map((child) => child?.pid as number);
  }

  async leader(): Promise<number> {
    const { leader } = await this.#ask<{ leader: number }>('leader');
    return leader;
  }

  kill(pid: number): void {
    this.#children.get(pid)?.kill('SIGKILL');
  }

  async decideAt(pids: readonly number[]): Promise<void> {
    await this.#ask(`decide ${pids.join(' ')}`);
  }

  async measure({ ms, inFlight }: Numbers): Promise<Sample> {
    return this.#ask(`append ${await this.leader()} ${inFlight} ${ms}`);
  }

  async #ask<Answer>(request: string): Promise<Answer> {
    this.#client?.stdin?.write(`${request}\n`);
    const { value, done } = (await this.#answers?.next()) ?? { done: true };
    if (done) throw new Error("etcd's client has ended");
    return JSON.parse(value);
  }

  async close(): Promise<void> {
    this.#client?.stdin?.end();
    const children = [...this.#children.values()];
    const ended = children.map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ended);
  }
}

export async function openEtcd(folder: string): Promise<Contestant> {
  const etcd = new Etcd(folder, await freePorts(2 * PIDS.length));
  await etcd.startAll();
  const [version] = spawnSync('etcd', ['--version'], { encoding: 'utf8' }).stdout.split('\n');
  return {
    version: `${version?.replace(' Version:', '')}, three processes, its Go client`,
    durability: 'every entry, on each replica',
    works: {
      append: (numbers) => processorTimeOf(etcd.processes(), () => etcd.measure(numbers)),
      kill: ({ batch }) => measureKills(etcd, batch),
    },
    async settle() {},
    close: () => etcd.close(),
  };
}
