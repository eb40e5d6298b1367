// Three started runners on databases of their own, in real time.

import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Database } from '../../../binding/index.js';
import { type MessageSink, PaxosRunner } from '../../../lib/consensus/index.js';
import { AsyncRocksdbStorage, rawCodec } from '../../../lib/index.js';
import { CLUSTER, entriesOf, take } from '../../support/runners.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

interface Node {
  path: string;
  database: Database;
  runner: PaxosRunner<string>;
}

const nodes = new Map<number, Node>();
afterEach(async () => {
  await Promise.all([...nodes.values()].map(({ runner }) => runner.stop()));
  nodes.clear();
});

/** Messages arrive in a later turn of the event loop, at whoever runs by then. */
function sinkOf(from: number): MessageSink {
  return {
    send: (to, message) => {
      setImmediate(() => nodes.get(to)?.runner.handleIncoming(from, message));
    },
  };
}

async function open(pid: number, path: string, bootstrap: boolean, sink = sinkOf(pid)): Promise<Node> {
  const database = await openAt(path, { columnFamilies: ['log'] });
  const storage = await AsyncRocksdbStorage.openIn<Uint8Array>(database, 'log', { entryCodec: rawCodec });
  const peers = CLUSTER.nodes.map((peer) => ({ pid: peer, endpoint: `host-${peer}` }));
  // On a loaded machine a tick can be late by more than a few.
  const server = { pid, electionTickTimeout: 10 };
  const options = { cluster: CLUSTER, server, storage, peers, tickIntervalMs: 10, bootstrap };
  const runner = await PaxosRunner.open<string>(options);
  const node = { path, database, runner };
  nodes.set(pid, node);
  runner.start(sink);
  for (const peer of nodes.keys()) {
    if (peer === pid) continue;
    runner.connected(peer);
    nodes.get(peer)?.runner.connected(pid);
  }
  return node;
}

const at = (pid: number) => nodes.get(pid) as Node;
const hasLeader = () => [...nodes.values()].some(({ runner }) => runner.leadership.role === 'leader');

/** Proposes until it is decided at `pid`: a proposal may get lost when the leader changes. */
async function decide(pid: number, entry: string): Promise<void> {
  const { runner } = at(pid);
  const signal = AbortSignal.timeout(30_000);
  const again = setInterval(() => runner.append(entry), 500);
  runner.append(entry);
  try {
    for await (const item of runner.decided(0, { signal })) if ('entry' in item && item.entry === entry) return;
  } finally {
    clearInterval(again);
  }
}

describe('start', () => {
  it('decides on three databases, and goes on behind restarts with nothing lost', async () => {
    for (const pid of CLUSTER.nodes) await open(pid, join(temporaryFolder(), 'db'), true);
    await until(hasLeader);
    const entries: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (const pid of CLUSTER.nodes) {
        entries.push(`${round} at ${pid}`);
        await decide(pid, `${round} at ${pid}`);
      }
      await until(hasLeader);
      // Once a follower is gone, and twice the leader, which writes what is proposed.
      const pid = CLUSTER.nodes.find((node) => (at(node).runner.leadership.role === 'leader') === round > 0) as number;
      const { runner, database, path } = at(pid);
      runner.append('perhaps'); // under way when it ends
      nodes.delete(pid);
      if (round === 1) {
        await database.close(); // beneath it: its writes fail, and so does it
        expect(await runner.stopped).toMatchObject({ code: 'STORAGE_FAILED' });
      } else {
        await runner.stop();
        await database.close();
      }
      await open(pid, path, false);
    }
    for (const pid of CLUSTER.nodes) await decide(pid, 'the end');
    const known = at(1).runner.decidedIdx;
    await until(() => CLUSTER.nodes.every((pid) => at(pid).runner.decidedIdx >= known));
    const logs = await Promise.all(
      CLUSTER.nodes.map(async (pid) => entriesOf(await take(at(pid).runner.decided(0), known))),
    );
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[2]).toEqual(logs[0]);
    for (const entry of entries) expect(logs[0]).toContain(entry);
    const followed = CLUSTER.nodes.map((pid) => at(pid).runner.leadership).find(({ role }) => role === 'follower');
    if (followed?.role === 'follower') expect(followed.endpoint).toBe(`host-${followed.leader}`);
  }, 90_000);

  it('goes on where the sink of one hangs and that of another throws', async () => {
    const hanging: MessageSink = { send: () => new Promise(() => {}) };
    await open(1, join(temporaryFolder(), 'db'), true, hanging);
    await open(2, join(temporaryFolder(), 'db'), true);
    await open(3, join(temporaryFolder(), 'db'), true, {
      send: (to, message) => {
        void sinkOf(3).send(to, message);
        throw new Error('after it was sent');
      },
    });
    await until(() => [2, 3].some((pid) => at(pid).runner.leadership.role === 'leader'));
    await decide(2, 'a');
    await decide(3, 'b');
    const { runner } = at(1);
    await runner.stop();
    expect(await runner.stopped).toBeUndefined();
  }, 60_000);
});
