// One replica of a key-value store, with an HTTP API. Start three of them; any of them takes every request. Usage:
// main.js --pid 1 --peers 1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003 --http 8001 --path data/1 [--bootstrap | --join]
// [--key replica-1.key --cert replica-1.crt --ca ca.crt]; --peers is the same on all, --bootstrap for the first start.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Replica, TcpTransport } from 'omnipaxos-rocksdb/consensus';
import { type Answer, answer, type Service, TIMEOUT_MS } from './http-api.js';
import { type Command, KeyValue, type Result } from './key-value.js';
import { parseOptions } from './options.js';

/** Longer than the slowest fsync, or a slow disk costs the lead. */
const ELECTION_TIMEOUT_MS = 500;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

let service: Service | undefined;
const limits = { requestTimeout: 2 * TIMEOUT_MS, connectionsCheckingInterval: 1000 };
const server = createServer(limits, async (request, response) => send(response, await answer(service, request)));

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text), // with it head and body go as one
    ...(!server.listening && { connection: 'close' }), // the process waits for its connections to end
    ...headers,
  });
  response.end(text);
}

try {
  const options = parseOptions(process.argv.slice(2));
  server.listen(options.http, '127.0.0.1');
  await once(server, 'listening');
  const transport = new TcpTransport({ ...options.transport, electionTimeoutMs: ELECTION_TIMEOUT_MS });
  const store = new KeyValue();
  const replica = await Replica.open<Command, Result>({
    ...options.replica, // path, pid, peers, bootstrap, join
    stateMachine: store,
    transport,
    electionTicks: ELECTION_TIMEOUT_MS / 20, // a tick has 20 ms
  });
  service = { replica, store };
  replica.stopped.then((error) => error && fail(`the replica has ended: ${error.message}`));
  const stopOnce = () => {
    for (const signal of SIGNALS) process.off(signal, stopOnce); // a second one ends the process at once
    stop(replica, transport).catch(fail);
  };
  for (const signal of SIGNALS) process.on(signal, stopOnce);
  console.log(`replica ${options.replica.pid} serves http://127.0.0.1:${(server.address() as AddressInfo).port}`);
} catch (error) {
  fail(error);
}

/** Nobody has to notice that this replica is gone: another leads before, and requests that are open get their answers. */
async function stop(replica: Replica<Command, Result>, transport: TcpTransport): Promise<void> {
  await handOver(replica);
  const closed = once(server, 'close');
  server.close();
  setTimeout(() => server.closeAllConnections(), 2 * TIMEOUT_MS).unref();
  await closed;
  await replica.stop();
  await transport.close();
}

async function handOver(replica: Replica<Command, Result>): Promise<void> {
  const { leadership, peers } = replica.status();
  if (leadership.role !== 'leader') return;
  const lagOf = ({ lag = Number.MAX_SAFE_INTEGER }: (typeof peers)[number]) => lag;
  const [next] = peers.filter(({ connected }) => connected).sort((a, b) => lagOf(a) - lagOf(b));
  const given = next && replica.transferLeadership(next.pid, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await given?.catch(({ message }) => console.error(`the lead was not handed over: ${message}`)); // one will be elected
}
