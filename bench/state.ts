// `npm run bench:state`: a replica that is 1 GiB behind comes back, while the others go on. Three processes on loopback and
// one disk. Each figure stands beside what it must reach.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { Table } from 'console-table-printer';
import { endOnSignals, WorkFolder } from './shared/work-folder.js';
import { type Latencies, MIB, type Order, type ReplicaSetting, STATE_BYTES, type Standing } from './state/protocol.js';

const SCRIPT = fileURLToPath(new URL('state/replica-process.js', import.meta.url));
const PIDS = [1, 2, 3];
const IN_FLIGHT = 64;
const ALONE_MS = 15_000;
const MB = 1e6;

const { dir, rate } = new Command('bench:state')
  .description('Measures a state transfer of 1 GiB: memory of both sides, and proposals meanwhile. About two minutes.')
  .option('--dir <dir>', 'where to write, in a folder of its own that is removed afterwards', '.')
  .option('--rate <mib>', 'MiB of state a second; the default of a replica where it is left out', Number)
  .parse()
  .opts<{ dir: string; rate?: number }>();

class Process {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(setting: ReplicaSetting): Promise<Process> {
    const child = fork(SCRIPT, [JSON.stringify(setting)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    children.add(child);
    child.once('exit', () => children.delete(child));
    const started = new Process(child);
    await started.#answer();
    return started;
  }

  async order<A>(order: Order): Promise<A> {
    const answer = this.#answer();
    this.#child.send(order);
    return answer as Promise<A>;
  }

  async stop(): Promise<Standing> {
    const exited = once(this.#child, 'exit');
    const last = await this.order<Standing>({ type: 'stop' });
    await exited;
    return last;
  }

  async #answer(): Promise<unknown> {
    const ended = new AbortController();
    const { signal } = ended;
    try {
      const died = once(this.#child, 'exit', { signal }).then(() => {
        throw new Error('a replica has ended');
      });
      const [answer] = await Promise.race([once(this.#child, 'message', { signal }), died]);
      return answer;
    } finally {
      ended.abort();
    }
  }
}

const children = new Set<ChildProcess>();
const bar = new SingleBar({ format: '{bar} {percentage} % | {what}', noTTYOutput: true, notTTYSchedule: 20_000 });
const workFolder = new WorkFolder(dir, 'state');
endOnSignals(workFolder);
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
bar.start(100, 0, { what: 'three replicas start' });
try {
  await measure();
} finally {
  bar.stop();
  for (const child of children) child.kill('SIGKILL');
  workFolder[Symbol.dispose]();
}

async function measure(): Promise<void> {
  const ports = await freePorts(PIDS.length);
  const stateBytesPerSecond = rate === undefined ? undefined : rate * MIB;
  const start = (pid: number, bootstrap: boolean) =>
    Process.start({ path: join(workFolder.path, `${pid}`), pid, ports, bootstrap, stateBytesPerSecond });
  const replicas = new Map<number, Process>();
  for (const pid of PIDS) replicas.set(pid, await start(pid, true));
  const leader = await leaderOf(replicas);
  const [away, other] = PIDS.filter((pid) => pid !== leader) as [number, number];
  const at = (pid: number) => replicas.get(pid) as Process;
  await at(away).stop();

  bar.update(5, { what: 'proposals of two replicas' });
  await at(leader).order({ type: 'propose', inFlight: IN_FLIGHT });
  await sleep(ALONE_MS);
  const alone = await at(leader).order<Latencies>({ type: 'rest' });
  bar.update(20, { what: 'snapshots of 1 GiB' });
  for (const pid of [other, leader]) await at(pid).order({ type: 'snapshot' });

  const { compactedIdx } = await standingOf(at(leader));
  bar.update(50, { what: 'the third comes back, under proposals' });
  await at(leader).order({ type: 'propose', inFlight: IN_FLIGHT });
  const begun = performance.now();
  replicas.set(away, await start(away, false));
  for (let back = await standingOf(at(away)); back.appliedIdx < compactedIdx; back = await standingOf(at(away))) {
    await sleep(100);
  }
  const seconds = (performance.now() - begun) / 1000;
  const meanwhile = await at(leader).order<Latencies>({ type: 'rest' });
  bar.update(95, { what: 'all of them stop' });
  const goal = (await standingOf(at(leader))).decidedIdx;
  while ((await standingOf(at(away))).appliedIdx < goal) await sleep(20);
  const receiver = await at(away).stop();
  if (receiver.restored !== 1) throw new Error(`the replica has restored ${receiver.restored} states`);
  const [sender] = [await at(leader).stop(), await at(other).stop()];
  bar.update(100, { what: 'done' });
  bar.stop();
  print(alone, meanwhile, seconds, sender as Standing, receiver);
}

function print(alone: Latencies, meanwhile: Latencies, seconds: number, sender: Standing, receiver: Standing): void {
  const table = new Table({ shouldDisableColors: true, columns: [{ name: 'what', alignment: 'left' }] });
  const row = (what: string, figure: string, required = '') => table.addRow({ what, figure, required });
  row('1 GiB behind: until it has applied all, s', seconds.toFixed(1));
  row('MiB/s', (STATE_BYTES / MIB / seconds).toFixed(0));
  row(`proposals, ${IN_FLIGHT} in flight: p50, p99, longest before, ms`, shown(alone));
  row('the same meanwhile, ms', shown(meanwhile));
  row('p99 meanwhile ÷ p99 before', (meanwhile.p99 / alone.p99).toFixed(2), '< 3');
  row('resident at most, who sends, MB', (sender.peakBytes / MB).toFixed(0), '< 200');
  row('resident at most, who receives, MB', (receiver.peakBytes / MB).toFixed(0), '< 200');
  table.printTable();
}

function shown({ p50, p99, longest }: Latencies): string {
  return [p50, p99, longest].map((ms) => ms.toFixed(1)).join(', ');
}

function standingOf(replica: Process): Promise<Standing> {
  return replica.order<Standing>({ type: 'status' });
}

async function leaderOf(replicas: ReadonlyMap<number, Process>): Promise<number> {
  for (;;) {
    for (const [pid, replica] of replicas) if ((await standingOf(replica)).isLeader) return pid;
    await sleep(20);
  }
}

/** Ports that nobody listens on at this moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  for (const server of servers) server.close();
  return ports;
}
