// The processes of examples/replicated-kv, as a user starts them, and this process as the client of the leader.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool, request } from 'undici';
import type { Contestant, Numbers } from '../shared/contestant.js';
import { freePorts } from '../shared/free-ports.js';
import { measureInFlight } from '../shared/measure.js';
import { ownHello } from '../shared/own-database.js';
import { ENTRY_BYTES, type Sample } from '../shared/protocol.js';
import { cycle } from '../shared/raw-entries.js';
import { PIDS, processorTimeOf, recycleWals } from './cluster.js';

const MAIN = fileURLToPath(new URL('../../examples/replicated-kv/main.js', import.meta.url));
const KEYS = 64;

interface Server {
  child: ChildProcess;
  url: string;
}

export async function openHttp(folder: string): Promise<Contestant> {
  const ports = await freePorts(PIDS.length);
  const peers = PIDS.map((pid, i) => `${pid}=127.0.0.1:${ports[i]}`).join(',');
  const paths = PIDS.map((pid) => join(folder, `${pid}`));
  const servers = await Promise.all(PIDS.map((pid, i) => start(pid, peers, paths[i] as string)));
  const processes = [process.pid, ...servers.map(({ child }) => child.pid as number)];
  const append = async (numbers: Numbers) => put(await leaderOf(servers), numbers, processes);
  await recycleWals(paths, append);
  return {
    version: `${ownHello.version}, examples/replicated-kv`,
    durability: 'every entry, on each replica',
    works: { append },
    async settle() {},
    async close() {
      const ended = servers.map(({ child }) => once(child, 'exit'));
      for (const { child } of servers) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}

async function start(pid: number, peers: string, path: string): Promise<Server> {
  const args = [MAIN, '--pid', `${pid}`, '--peers', peers, '--http', '0', '--path', path, '--bootstrap'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  process.once('exit', () => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /serves (\S+)$/.exec(line) ?? [];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`replica ${pid} has ended`);
}

async function leaderOf(servers: readonly Server[]): Promise<string> {
  for (;;) {
    for (const { url } of servers) {
      const { body } = await request(`${url}/status`);
      const { leadership } = (await body.json()) as { leadership: { role: string } };
      if (leadership.role === 'leader') return url;
    }
    await sleep(10);
  }
}

/** A connection for each request that is under way, made before anything is measured; each is used again. */
async function put(
  url: string,
  { ms, inFlight, entryBytes = ENTRY_BYTES }: Numbers,
  processes: readonly number[],
): Promise<Sample> {
  const pool = new Pool(url, { connections: inFlight, pipelining: 1 });
  const paths = Array.from({ length: KEYS }, (_, i) => `/keys/key-${i}`);
  const next = cycle(paths);
  const value = Buffer.alloc(entryBytes, 'v');
  const putOne = async () => {
    const { statusCode, body } = await pool.request({ method: 'PUT', path: next(), body: value });
    await body.dump();
    if (statusCode !== 200) throw new Error(`a PUT was answered with ${statusCode}`);
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, putOne));
    return await processorTimeOf(processes, () => measureInFlight(ms, inFlight, 1, putOne));
  } finally {
    await pool.close();
  }
}
