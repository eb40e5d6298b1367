// Clients of the replicated key-value example, while its processes are killed, stopped and started again: what they are told
// must be linearizable. LINEARIZABILITY_SECONDS makes it longer, LINEARIZABILITY_SEED chooses what happens when.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { type Operation, violationIn } from '../support/linearizability.js';
import { NoReply, PIDS, ReplicatedKv, type Reply } from '../support/replicated-kv.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const { LINEARIZABILITY_SECONDS = '15', LINEARIZABILITY_SEED = `${Date.now() % 1_000_000}` } = process.env;
const [SECONDS, SEED] = [Number(LINEARIZABILITY_SECONDS), Number(LINEARIZABILITY_SEED)];
const KEYS = ['a', 'b', 'c'];
const CLIENTS = 10;
/** A client that waits for a process that is stopped goes on with another. */
const CLIENT_PATIENCE_MS = 2_000;
/** For the machine's sake, and that a history is checked in seconds. */
const PAUSE_MS = 10;

let cluster: ReplicatedKv;

afterEach(() => cluster.killAll());

/** An operation as it is asked for; what came of it makes it one of the history. */
type Asked =
  | { type: 'read' }
  | { type: 'write'; value: string | null }
  | { type: 'cas'; expected: string | null; value: string | null };

async function ask(pid: number, key: string, asked: Asked, query = ''): Promise<Operation | undefined> {
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
    const options = { headers, timeoutMs: CLIENT_PATIENCE_MS, ...(value && { body: value }) };
    reply = await cluster.fetch(pid, method, `/keys/${key}${query}`, options);
  } catch (error) {
    if (!(error instanceof NoReply)) throw error;
    reply = error;
  }
  return outcomeOf(asked, reply, start, performance.now());
}

/** Undefined where nothing has happened, or been learnt. */
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

/** Reads and writes until `isOver`. No value is written twice. */
async function work(client: number, histories: Map<string, Operation[]>, isOver: () => boolean): Promise<void> {
  const random = new SeededRandom(SEED * 1000 + client);
  const last = new Map<string, string | null>();
  for (let i = 0; !isOver(); i++) {
    const [key, pid, kind] = [random.oneOf(KEYS), random.oneOf(PIDS), random.within(0, 99)];
    const value = random.chance(10) ? null : `${client}-${i}`;
    const asked: Asked =
      kind < 40
        ? { type: 'read' }
        : kind < 60
          ? { type: 'write', value }
          : { type: 'cas', expected: last.get(key) ?? null, value };
    const operation = await ask(pid, key, asked);
    if (operation !== undefined) {
      histories.get(key)?.push(operation);
      // For the next comparison: what the key was seen with.
      last.set(key, operation.type === 'cas' && operation.found !== undefined ? operation.found : operation.value);
    }
    await sleep(PAUSE_MS);
  }
}

async function makeTrouble(random: SeededRandom): Promise<void> {
  const pid = random.oneOf(PIDS);
  switch (random.within(0, 5)) {
    case 0:
    case 1:
      return killAndRestart([random.chance(50) ? await leaderOr(pid) : pid], random);
    case 2:
      return killAndRestart(
        PIDS.filter((each) => each !== pid || random.chance(30)),
        random,
      );
    case 3:
    case 4: {
      const stopped = random.chance(50) ? await leaderOr(pid) : pid;
      cluster.signal(stopped, 'SIGSTOP');
      await sleep(random.within(50, 2000));
      cluster.signal(stopped, 'SIGCONT');
      return;
    }
    case 5:
      await Promise.allSettled([
        cluster.fetch(pid, 'POST', '/snapshot'),
        cluster.fetch(random.oneOf(PIDS), 'POST', `/leader/${random.oneOf(PIDS)}`),
      ]);
  }
}

async function leaderOr(pid: number): Promise<number> {
  const { leadership } = await cluster.status(pid);
  return leadership.leader ?? pid;
}

async function killAndRestart(pids: readonly number[], random: SeededRandom): Promise<void> {
  await Promise.all(
    pids.map(async (pid) => {
      await cluster.end(pid, 'SIGKILL');
      await sleep(random.within(0, 800));
      await cluster.start(pid);
    }),
  );
}

/** Until it knows all that was acknowledged. */
async function readAt(pid: number, key: string): Promise<Operation> {
  for (;;) {
    const operation = await ask(pid, key, { type: 'read' });
    if (operation !== undefined) return operation;
    await sleep(PAUSE_MS);
  }
}

describe('the replicated key-value example', () => {
  it(
    `is linearizable whatever is killed or stopped (LINEARIZABILITY_SEED=${SEED})`,
    async () => {
      cluster = await ReplicatedKv.three(temporaryFolder());
      const histories = new Map(KEYS.map((key) => [key, [] as Operation[]]));
      const over = performance.now() + SECONDS * 1000;
      const isOver = () => performance.now() > over;
      const random = new SeededRandom(SEED);
      const trouble = async () => {
        while (!isOver()) {
          await sleep(random.within(100, 1500));
          await makeTrouble(random);
        }
      };
      await Promise.all([
        trouble(),
        ...Array.from({ length: CLIENTS }, (_, client) => work(client, histories, isOver)),
      ]);
      for (const [key, history] of histories) {
        for (const pid of PIDS) history.push(await readAt(pid, key));
        expect({ seed: SEED, key, violation: violationIn(history) }).toEqual({ seed: SEED, key, violation: undefined });
        const known = history.filter(({ type, end }) => type !== 'read' && end !== undefined);
        expect(known.length).toBeGreaterThan(10);
      }
    },
    SECONDS * 1000 + 120_000,
  );

  it('is not linearizable for who reads without a barrier from a replica that lags', async () => {
    cluster = await ReplicatedKv.three(temporaryFolder());
    await cluster.fetchUntil(({ status }) => status === 404, 1, 'GET', '/keys/a');
    const history: Operation[] = [];
    /** Until one is acknowledged. Gives its value. */
    const write = async (name: string) => {
      for (let i = 0; ; i++) {
        const operation = await ask(1, 'a', { type: 'write', value: `${name} ${i}` });
        if (operation !== undefined) history.push(operation);
        if (operation?.end !== undefined) return operation.value;
      }
    };
    const old = await write('old');
    history.push(await readAt(3, 'a'));
    await cluster.end(3, 'SIGKILL');
    history.push(await readAt(1, 'a')); // the two others have a leader again
    await write('new');
    await Promise.all([1, 2].map((pid) => cluster.end(pid, 'SIGKILL')));

    // Nobody can tell it what it has missed.
    await cluster.start(3);
    await cluster.fetchUntil(({ status }) => status === 200, 3, 'GET', '/keys/a?stale=true');
    expect(violationIn(history)).toBeUndefined();
    const stale = (await ask(3, 'a', { type: 'read' }, '?stale=true')) as Operation;
    expect(stale).toMatchObject({ value: old });
    expect(violationIn([...history, stale])).toContain(JSON.stringify(stale));
  });
});
