// The HTTP API of a replica. It tells its clients no more than it knows: what may have happened is not called a failure.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsensusError, type Replica } from 'omnipaxos-rocksdb/consensus';
import type { Command, KeyValue, Result } from './key-value.js';

/** Of each request, once its body is there. */
export const TIMEOUT_MS = 5_000;
const MAX_VALUE_BYTES = 1024 * 1024;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface Service {
  replica: Replica<Command, Result>;
  store: KeyValue;
}

/** A string as body is a value, as it is; everything else goes as JSON. */
export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

type Handler = (service: Service, request: IncomingMessage, name: string, query: string) => Promise<Answer>;

const HANDLERS: Record<string, Record<string, Handler>> = {
  '/keys/*': { GET: read, PUT: write, DELETE: write },
  '/status': { GET: status },
  '/leader/*': { POST: transferLeadership },
  '/snapshot': { POST: takeSnapshot },
  '/members': { PUT: reconfigure },
};

const refusal = (status: number, error: string, headers: Record<string, string> = {}) =>
  Object.assign(new Error(error), { answer: { status, body: { error }, headers } satisfies Answer });

/** Never rejects. `service` is undefined while the replica is being opened. */
export async function answer(service: Service | undefined, request: IncomingMessage): Promise<Answer> {
  try {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const [, first, name] = /^(\/[^/]*)(?:\/([^/]+))?$/.exec(path) ?? [];
    const methods = HANDLERS[name === undefined ? `${first}` : `${first}/*`];
    if (methods === undefined) throw refusal(404, `there is nothing at ${path}`);
    const handle = methods[request.method as string];
    const allow = Object.keys(methods).join(', ');
    if (handle === undefined) throw refusal(405, `${path} takes ${allow}`, { allow });
    if (service === undefined) throw refusal(503, 'the replica is starting');
    return await handle(service, request, decoded(name ?? '', 'the path'), query);
  } catch (error) {
    return answerTo(error, request.method === 'GET');
  }
}

async function read({ replica, store }: Service, _: IncomingMessage, key: string, query: string) {
  const stale = new URLSearchParams(query).get('stale') ?? 'false';
  if (stale !== 'true' && stale !== 'false') throw refusal(400, 'stale must be true or false');
  // Behind the barrier this replica knows all that was acknowledged to anybody before this request.
  if (stale === 'false') await replica.barrier({ timeoutMs: TIMEOUT_MS });
  const value = store.get(key);
  return value === undefined ? { status: 404, body: { error: 'there is no such key' } } : { status: 200, body: value };
}

async function write({ replica }: Service, request: IncomingMessage, key: string): Promise<Answer> {
  const change = request.method === 'PUT' ? { set: await valueIn(request) } : { delete: true as const };
  const command = { key, expected: expectedBy(request), ...change };
  const { index, result } = await replica.propose(command, { timeoutMs: TIMEOUT_MS });
  const before = result.before ?? null;
  if (result.changed) return { status: 200, body: { index, before } };
  return { status: 412, body: { error: 'the key has another value', value: before } };
}

/** `If-Match` has the value itself, percent-encoded where a header could not carry it. */
function expectedBy({ headers }: IncomingMessage): string | null | undefined {
  const [match, noneMatch] = [headers['if-match'], headers['if-none-match']];
  if (noneMatch === undefined) return match === undefined ? undefined : decoded(match, 'If-Match');
  if (noneMatch !== '*' || match !== undefined) throw refusal(400, 'If-None-Match must be *, without If-Match');
  return null;
}

function decoded(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal(400, `${where} is not percent-encoded UTF-8`);
  }
}

async function valueIn(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= MAX_VALUE_BYTES) pieces.push(piece); // the rest is read too: a client that still sends would miss the answer
  });
  await once(request, 'end');
  if (bytes > MAX_VALUE_BYTES) throw refusal(413, `a value has up to ${MAX_VALUE_BYTES} bytes`);
  try {
    return UTF_8.decode(Buffer.concat(pieces));
  } catch {
    throw refusal(400, 'the value is not UTF-8');
  }
}

async function status({ replica }: Service): Promise<Answer> {
  const { leadership, snapshotFailure, snapshotDamage, ...rest } = replica.status();
  const failure = snapshotFailure instanceof Error ? snapshotFailure.message : snapshotFailure;
  const snapshot = { snapshotFailure: failure, snapshotDamage: snapshotDamage?.message };
  const epoch = 'epoch' in leadership ? { epoch: String(leadership.epoch) } : {}; // JSON has no bigint
  return { status: 200, body: { ...rest, leadership: { ...leadership, ...epoch }, ...snapshot } };
}

async function transferLeadership({ replica }: Service, _: IncomingMessage, name: string): Promise<Answer> {
  const { pid, peers } = replica.status();
  const leader = Number(name);
  if (leader !== pid && !peers.some((peer) => peer.pid === leader)) throw refusal(404, `no replica is ${name}`);
  await replica.transferLeadership(leader, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { status: 200, body: { leader } };
}

async function takeSnapshot({ replica }: Service): Promise<Answer> {
  const index = await Promise.race([replica.takeSnapshot(), sleep(TIMEOUT_MS, undefined, { ref: false })]);
  return index === undefined
    ? { status: 202, body: 'it goes on: see snapshotIdx\n' }
    : { status: 200, body: { index } };
}

async function reconfigure({ replica }: Service, request: IncomingMessage): Promise<Answer> {
  const members = JSON.parse(await valueIn(request)); // the replica checks it
  const signal = AbortSignal.timeout(3 * TIMEOUT_MS); // a new one may take a while to answer
  await replica.reconfigure(members, { signal }).catch((error) => {
    throw error.code === 'INVALID_ARGUMENT' ? refusal(400, error.message) : error;
  });
  return { status: 200, body: { members } };
}

function answerTo(error: unknown, isRead: boolean): Answer {
  const { message, name, answer } = error as Error & { answer?: Answer };
  if (answer !== undefined) return answer;
  if (error instanceof SyntaxError) return { status: 400, body: { error: message } }; // of JSON
  if (!(error instanceof ConsensusError) && name !== 'TimeoutError') return { status: 500, body: { error: message } };
  const code = error instanceof ConsensusError ? error.code : 'OUTCOME_UNKNOWN'; // or the signal of a transfer
  // A read changes nothing: where it has not come to its end, it can just be asked for again.
  if (code !== 'OUTCOME_UNKNOWN' || isRead) return { status: 503, body: { error: message, code } };
  return { status: 504, body: { error: `this may have happened, now or later: ${message}`, code } };
}
