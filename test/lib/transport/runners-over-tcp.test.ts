// Three runners over three transports: consensus between sockets.

import { afterEach, describe, expect, it } from '@jest/globals';
import { PaxosRunner } from '../../../lib/consensus/index.js';
import { AsyncMemStorage, rawCodec } from '../../../lib/index.js';
import { CLUSTER, entriesOf, take } from '../../support/runners.js';
import { type Opened, openTransport, PATIENT, Party } from '../../support/transports.js';
import { until } from '../../support/until.js';

let runners: PaxosRunner<string>[] = [];
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.stop()));
  runners = [];
});

async function start(pid: number, at: ReadonlyMap<number, Opened>): Promise<PaxosRunner<string>> {
  const runner = await PaxosRunner.open<string>({
    cluster: CLUSTER,
    server: { pid, electionTickTimeout: 25, resendMessageTickTimeout: 50 },
    storage: new AsyncMemStorage<Uint8Array>({ entryCodec: rawCodec }),
    bootstrap: true,
  });
  runners.push(runner);
  const peers = [...at].filter(([peer]) => peer !== pid).map(([peer, { endpoint }]) => ({ pid: peer, endpoint }));
  const party = await new Party(pid, peers, {
    connected: (peer) => runner.connected(peer),
    receive: (from, message) => runner.handleIncoming(from, message),
  }).join((at.get(pid) as Opened).transport);
  runner.start({ send: (to, message) => party.link?.send(to, message) });
  return runner;
}

describe('three runners over TCP', () => {
  it('elect a leader, decide, and go on without one of them', async () => {
    const at = new Map<number, Opened>();
    for (const pid of CLUSTER.nodes) at.set(pid, await openTransport({ electionTimeoutMs: PATIENT }));
    for (const pid of CLUSTER.nodes) await start(pid, at);
    const leader = () => runners.find(({ leadership }) => leadership.role === 'leader');
    await until(() => leader() !== undefined);
    // A proposal may get lost while the lead moves: what counts is that all decide the same.
    let proposed = 0;
    const decide = (idx: number) =>
      until(() => {
        leader()?.append(`entry ${proposed++}`);
        return runners.every(({ decidedIdx }) => decidedIdx >= idx);
      });
    const logsTo = (idx: number) =>
      Promise.all(runners.map(async (runner) => entriesOf(await take(runner.decided(0), idx))));
    await decide(100);
    const [log, ...others] = (await logsTo(100)) as [string[]];
    expect(others).toEqual([log, log]);
    expect(new Set(log).size).toBe(100);

    const gone = runners.indexOf(leader() as PaxosRunner<string>);
    await at.get(CLUSTER.nodes[gone] as number)?.transport.close();
    const [stopped] = runners.splice(gone, 1);
    await stopped?.stop();
    await until(() => leader() !== undefined);
    const end = Math.max(...runners.map(({ acceptedIdx }) => acceptedIdx)) + 100;
    await decide(end);
    const [longer, other] = (await logsTo(end)) as [string[], string[]];
    expect(other).toEqual(longer);
    expect(longer.slice(0, 100)).toEqual(log);
  });
});
