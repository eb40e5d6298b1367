// A leader with `earlyRelease`: what leaves before its own write is durable, and what waits all the same.

import { afterEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../lib/consensus/clock.js';
import { type LeadershipState, PaxosRunner } from '../../../lib/consensus/index.js';
import { CLUSTER, HeldStorage, settled, take } from '../../support/runners.js';

interface Replica {
  storage: HeldStorage;
  runner: PaxosRunner<string>;
  tick(): void;
}

let replicas = new Map<number, Replica>();
const at = (pid: number) => replicas.get(pid) as Replica;

afterEach(async () => {
  for (const { storage } of replicas.values()) {
    storage.isHolding = false;
    storage.release();
  }
  await Promise.all([...replicas.values()].map(({ runner }) => runner.stop()));
});

/** Three started runners, whose time the test lets pass; one leads. */
async function elected(earlyRelease: boolean): Promise<number> {
  replicas = new Map();
  for (const pid of CLUSTER.nodes) {
    let tick = () => {};
    const clock: Clock = {
      every(_, given) {
        tick = given;
        return () => {};
      },
      soon: (work) => setImmediate(work),
    };
    const storage = new HeldStorage();
    const options = { cluster: CLUSTER, server: { pid }, storage, bootstrap: true, earlyRelease };
    const runner = await PaxosRunner.openOn<string>(clock, options, {});
    replicas.set(pid, { storage, runner, tick: () => tick() });
  }
  for (const [pid, { runner }] of replicas) {
    runner.start({ send: (to, message) => at(to).runner.handleIncoming(pid, message) });
  }
  return lead();
}

/** Who leads, once all in `pids` know. */
async function lead(pids: readonly number[] = CLUSTER.nodes): Promise<number> {
  for (let ticks = 0; ticks < 300; ticks++) {
    for (const pid of pids) at(pid).tick();
    await settled();
    const states = pids.map((pid) => at(pid).runner.leadership);
    const leader = pids.find((_, i) => states[i]?.role === 'leader');
    const epochs = new Set(states.map((state: LeadershipState) => ('epoch' in state ? state.epoch : undefined)));
    if (leader !== undefined && epochs.size === 1) return leader;
  }
  throw new Error('no leader was elected');
}

const accepted = () => CLUSTER.nodes.map((pid) => at(pid).runner.acceptedIdx);
const decided = () => CLUSTER.nodes.map((pid) => at(pid).runner.decidedIdx);

describe('a leader whose own disk is slow', () => {
  it('has its followers store an entry meanwhile, and shows nothing of it itself', async () => {
    const leader = await elected(true);
    at(leader).storage.isHolding = true;
    at(leader).runner.append('a');
    await settled();
    expect(accepted()).toEqual(CLUSTER.nodes.map((pid) => (pid === leader ? 0 : 1)));
    expect(decided()).toEqual([0, 0, 0]);
    at(leader).storage.isHolding = false;
    at(leader).storage.release();
    await settled();
    expect(accepted()).toEqual([1, 1, 1]);
    expect(decided()).toEqual([1, 1, 1]);
  });

  it('holds back what rests on a decision that it may not show, and what comes behind that', async () => {
    const leader = await elected(true);
    at(leader).storage.isHolding = true;
    at(leader).runner.append('a');
    await settled(); // by now it is decided, which the held disk keeps back
    at(leader).runner.append('b');
    await settled();
    at(leader).runner.append('c');
    await settled();
    expect(accepted()).toEqual(CLUSTER.nodes.map((pid) => (pid === leader ? 0 : 1)));
    at(leader).storage.isHolding = false;
    at(leader).storage.release();
    await settled();
    expect(decided()).toEqual([3, 3, 3]);
    for (const pid of CLUSTER.nodes) {
      const items = await take(at(pid).runner.decided(0), 3);
      expect(items).toEqual(['a', 'b', 'c'].map((entry, index) => ({ index, entry })));
    }
  });

  it('waits for it without the option', async () => {
    const leader = await elected(false);
    at(leader).storage.isHolding = true;
    at(leader).runner.append('a');
    await settled();
    expect(accepted()).toEqual([0, 0, 0]);
  });

  it('whose write fails in the end has lost nothing: its followers decide what they hold', async () => {
    const leader = await elected(true);
    at(leader).storage.isHolding = true;
    at(leader).runner.append('a');
    await settled();
    at(leader).storage.failure = new Error('the disk is gone');
    at(leader).storage.release();
    expect(await at(leader).runner.stopped).toMatchObject({ code: 'STORAGE_FAILED' });
    const others = CLUSTER.nodes.filter((pid) => pid !== leader);
    const next = await lead(others);
    at(next).runner.append('b');
    await settled();
    for (const pid of others) {
      const items = await take(at(pid).runner.decided(0), 2);
      expect(items.map((item) => 'entry' in item && item.entry)).toEqual(['a', 'b']);
    }
  });
});
