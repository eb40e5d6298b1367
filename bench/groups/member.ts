// One of the three processes of the groups benchmark: a database, a transport, and a replica of each group. It does what it
// is asked, one request at a time.

import { setTimeout as sleep } from 'node:timers/promises';
import { Replica, TcpTransport, type Transport } from '../../lib/consensus/index.js';
import { rawCodec } from '../../lib/format/raw-codec.js';
import { Database } from '../../lib/index.js';
import { rawEntries } from '../shared/raw-entries.js';

export type Request =
  | { what: 'listen'; pid: number; folder: string }
  /** `endpoints` by pid, from 1 on. */
  | { what: 'open'; endpoints: string[]; groups: number }
  | { what: 'lead' }
  | { what: 'idle'; ms: number }
  /** Of all processes together. */
  | { what: 'load'; inFlight: number; ms: number }
  | { what: 'close' };

export interface Answers {
  listen: { endpoint: string };
  /** Until all replicas are open, and until each knows who leads. */
  open: { openMs: number; ledMs: number };
  lead: object;
  idle: Idle;
  load: { applied: number; cpuMs: number; messages: number };
  close: object;
}

export interface Idle {
  cpuMs: number;
  messages: number;
}

const COMMAND_BYTES = 128;
const LONGEST_WAIT_MS = 60_000;
const NOTHING = {
  apply: () => {},
  *snapshot() {},
  async restore() {},
};

let pid = 0;
let database: Database | undefined;
let transport: TcpTransport | undefined;
let messages = 0;
const replicas: Replica<Uint8Array>[] = [];

process.on('message', async (request: Request) => {
  try {
    process.send?.(await perform(request));
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
process.on('disconnect', () => process.exit(1));

function perform(request: Request): Promise<Answers[Request['what']]> {
  switch (request.what) {
    case 'listen':
      return listen(request.pid, request.folder);
    case 'open':
      return open(request.endpoints, request.groups);
    case 'lead':
      return lead();
    case 'idle':
      return idle(request.ms);
    case 'load':
      return load(request.inFlight, request.ms);
    case 'close':
      return close();
  }
}

async function listen(own: number, folder: string): Promise<Answers['listen']> {
  pid = own;
  database = await Database.open(folder);
  transport = new TcpTransport({ listen: '127.0.0.1:0', electionTimeoutMs: 1000, log() {} });
  await transport.listen();
  return { endpoint: transport.endpoint };
}

async function open(endpoints: string[], groups: number): Promise<Answers['open']> {
  const begun = performance.now();
  const peers = endpoints.map((endpoint, i) => ({ pid: i + 1, endpoint }));
  const counted = countingMessages(transport as TcpTransport);
  const opening = Array.from({ length: groups }, (_, i) =>
    Replica.open<Uint8Array>({
      path: database as Database,
      pid,
      peers,
      bootstrap: true,
      group: `g${i}`,
      stateMachine: NOTHING,
      commandCodec: rawCodec,
      transport: counted,
      electionTicks: 25,
    }),
  );
  replicas.push(...(await Promise.all(opening)));
  const openMs = performance.now() - begun;
  await until(() => replicas.every(({ leadership }) => leadership.role !== 'unknown'));
  return { openMs, ledMs: performance.now() - begun };
}

function countingMessages(inner: Transport): Transport {
  return {
    async join(membership) {
      const link = await inner.join(membership);
      return {
        ...link,
        send: (to, message) => {
          messages++;
          return link.send(to, message);
        },
      };
    },
    close: () => inner.close(),
  };
}

/** Those that this process is to lead: every third, so that the work is spread. */
function own(): Replica<Uint8Array>[] {
  return replicas.filter((_, i) => i % 3 === pid - 1);
}

async function lead(): Promise<object> {
  await Promise.all(own().map((replica) => replica.transferLeadership(pid)));
  return {};
}

async function idle(ms: number): Promise<Idle> {
  const [cpu, sent] = [process.cpuUsage(), messages];
  await sleep(ms);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, messages: messages - sent };
}

/** Keeps its part of `inFlight` proposals under way: each that is applied is followed by the next to the same group. */
async function load(inFlight: number, ms: number): Promise<Answers['load']> {
  const [cpu, sent] = [process.cpuUsage(), messages];
  const led = own();
  const commands = rawEntries(1000, COMMAND_BYTES);
  const end = performance.now() + ms;
  let applied = 0;
  const client = async (replica: Replica<Uint8Array>) => {
    for (let i = 0; performance.now() < end; i++) {
      await replica.propose(commands[i % commands.length] as Uint8Array);
      if (performance.now() < end) applied++;
    }
  };
  const clients = Array.from({ length: inFlight }, (_, i) => replicas[i % replicas.length] as Replica<Uint8Array>);
  await Promise.all(clients.filter((replica) => led.includes(replica)).map(client));
  const { user, system } = process.cpuUsage(cpu);
  return { applied, cpuMs: (user + system) / 1000, messages: messages - sent };
}

async function close(): Promise<object> {
  await Promise.all(replicas.map((replica) => replica.stop()));
  await transport?.close();
  await database?.close();
  process.removeAllListeners('disconnect');
  return {};
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + LONGEST_WAIT_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`replicas of ${pid} have found no leader`);
    await sleep(5);
  }
}
