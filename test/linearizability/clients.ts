// Clients of the replicated key-value example over HTTP, and the histories of what they were told. What nobody knows the outcome
// of stays in its history without an end.

import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { Operation } from '../support/linearizability.js';
import { NoReply, PIDS, type ReplicatedKv, type Reply } from '../support/replicated-kv.js';

/** A client that waits for a process that is stopped goes on with another. */
const PATIENCE_MS = 2_000;
/** For the machine's sake, and that a history is checked in seconds. */
const PAUSE_MS = 10;
/** Then all clients go on with other keys: long histories take long to check. */
const ROUND_MS = 20_000;

/** An operation as it is asked for; what came of it makes it one of the history. */
export type Asked =
  | { type: 'read' }
  | { type: 'write'; value: string | null }
  | { type: 'cas'; expected: string | null; value: string | null };

/** Of one key, by whom. */
export type History = (Operation & { client: number })[];

export interface ClientsOptions {
  cluster: ReplicatedKv;
  clients: number;
  /** At a time. */
  keys: number;
  seed: number;
  isOver(): boolean;
}

/** Has all clients read and write until it is over, and then each key read at each replica. Gives the histories by key. */
export async function runClients(options: ClientsOptions): Promise<Map<string, History>> {
  const histories = new Map<string, History>();
  const start = performance.now();
  const keysNow = () => {
    const round = Math.floor((performance.now() - start) / ROUND_MS);
    return Array.from({ length: options.keys }, (_, i) => `${i}-${round}`);
  };
  const add = (client: number, key: string, operation: Operation) => {
    let history = histories.get(key);
    if (history === undefined) {
      history = [];
      histories.set(key, history);
    }
    history.push({ client, ...operation });
  };
  await Promise.all(Array.from({ length: options.clients }, (_, client) => work(options, client, keysNow, add)));
  for (const key of histories.keys()) {
    for (const pid of PIDS) add(options.clients, key, await readAt(options.cluster, pid, key));
  }
  return histories;
}

/** Reads and writes until it is over. No value is written twice. */
async function work(
  { cluster, seed, isOver }: ClientsOptions,
  client: number,
  keysNow: () => string[],
  add: (client: number, key: string, operation: Operation) => void,
): Promise<void> {
  const random = new SeededRandom(seed * 1000 + client);
  const last = new Map<string, string | null>();
  for (let i = 0; !isOver(); i++) {
    const [key, pid, kind] = [random.oneOf(keysNow()), random.oneOf(PIDS), random.within(0, 99)];
    const value = random.chance(10) ? null : `${client}-${i}`;
    const asked: Asked =
      kind < 40
        ? { type: 'read' }
        : kind < 60
          ? { type: 'write', value }
          : { type: 'cas', expected: last.get(key) ?? null, value };
    const operation = await ask(cluster, pid, key, asked);
    if (operation !== undefined) {
      add(client, key, operation);
      // For the next comparison: what the key was seen with.
      last.set(key, operation.type === 'cas' && operation.found !== undefined ? operation.found : operation.value);
    }
    await sleep(PAUSE_MS);
  }
}

/** Until it knows all that was acknowledged. */
export async function readAt(cluster: ReplicatedKv, pid: number, key: string): Promise<Operation> {
  for (;;) {
    const operation = await ask(cluster, pid, key, { type: 'read' });
    if (operation !== undefined) return operation;
    await sleep(PAUSE_MS);
  }
}

/** Undefined where nothing has happened, or been learnt. */
export async function ask(
  cluster: ReplicatedKv,
  pid: number,
  key: string,
  asked: Asked,
  query = '',
): Promise<Operation | undefined> {
  const headers: Record<string, string> = {};
  if (asked.type === 'cas') {
    if (asked.expected === null) headers['if-none-match'] = '*';
    else headers['if-match'] = asked.expected;
  }
  const value = asked.type === 'read' ? undefined : asked.value;
  const method = asked.type === 'read' ? 'GET' : value === null ? 'DELETE' : 'PUT';
  const start = performance.now();
  let reply: Reply | NoReply;
  try {
    const options = { headers, timeoutMs: PATIENCE_MS, ...(value && { body: value }) };
    reply = await cluster.fetch(pid, method, `/keys/${key}${query}`, options);
  } catch (error) {
    if (!(error instanceof NoReply)) throw error;
    reply = error;
  }
  return outcomeOf(asked, reply, start, performance.now());
}

function outcomeOf(asked: Asked, reply: Reply | NoReply, start: number, end: number): Operation | undefined {
  const isUnknown = reply instanceof NoReply ? reply.wasSent : reply.status === 504;
  if (asked.type === 'read') {
    if (reply instanceof NoReply || reply.status === 503) return undefined;
    if (reply.status === 200) return { type: 'read', start, end, value: reply.body };
    if (reply.status === 404) return { type: 'read', start, end, value: null };
  } else {
    const unknown: Operation =
      asked.type === 'cas'
        ? { ...asked, start, end: undefined, found: undefined }
        : { ...asked, start, end: undefined };
    if (isUnknown) return unknown;
    if (reply instanceof NoReply || reply.status === 503) return undefined;
    if (reply.status === 200) return { ...unknown, end };
    if (reply.status === 412 && asked.type === 'cas') {
      return { ...asked, start, end, found: JSON.parse(reply.body).value };
    }
  }
  throw new Error(`${JSON.stringify(asked)} was answered with ${JSON.stringify(reply)}`);
}
