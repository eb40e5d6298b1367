// How followers learn what is decided: with what is proposed next, where something is, and at once where nothing is.

import { afterEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../lib/consensus/clock.js';
import { PaxosRunner } from '../../../lib/consensus/index.js';
import { CLUSTER, HeldStorage, settled } from '../../support/runners.js';

const PROPOSALS = 50;

interface Replica {
  storage: HeldStorage;
  runner: PaxosRunner<string>;
  tick(): void;
}

let replicas: Replica[] = [];

afterEach(() => Promise.all(replicas.map(({ runner }) => runner.stop())));

/** Three started runners, whose time the test lets pass; the first is the one that leads. */
async function elected(earlyRelease: boolean): Promise<Replica[]> {
  replicas = [];
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
    replicas.push({ storage, runner, tick: () => tick() });
  }
  for (const [i, { runner }] of replicas.entries()) {
    const send = (to: number, message: Uint8Array) => replicas[to - 1]?.runner.handleIncoming(i + 1, message);
    runner.start({ send });
  }
  const roles = () => replicas.map(({ runner }) => runner.leadership.role);
  while (roles().includes('unknown')) {
    for (const { tick } of replicas) tick();
    await settled();
  }
  const leads = ({ runner }: Replica) => runner.leadership.role === 'leader';
  return [...replicas.filter(leads), ...replicas.filter((replica) => !leads(replica))];
}

describe('a decision', () => {
  it('goes to followers with what is proposed next: one write of theirs for both', async () => {
    const [{ runner }, ...followers] = (await elected(true)) as [Replica, ...Replica[]];
    const before = followers.map(({ storage }) => storage.writes);
    runner.append('0');
    for await (const { index } of runner.decided(0)) {
      if (index === PROPOSALS - 1) break;
      runner.append(String(index + 1));
    }
    await settled();
    const writes = followers.map(({ storage }, i) => storage.writes - (before[i] as number));
    for (const count of writes) expect(count).toBeLessThanOrEqual(PROPOSALS + 1); // behind the last comes nothing
  });

  it.each([false, true])('that nothing follows waits for no tick, with earlyRelease %s', async (earlyRelease) => {
    const [{ runner }, ...followers] = (await elected(earlyRelease)) as [Replica, ...Replica[]];
    runner.append('a');
    await settled();
    await settled();
    expect([runner, ...followers.map((follower) => follower.runner)].map(({ decidedIdx }) => decidedIdx)).toEqual([
      1, 1, 1,
    ]);
  });

  it.each([false, true])(
    'for which the leader is stopped is told before, with earlyRelease %s',
    async (earlyRelease) => {
      const [{ runner }, follower, other] = (await elected(earlyRelease)) as [Replica, Replica, Replica];
      await other.runner.stop(); // the two that are left cannot find out by an election
      runner.append('a');
      for await (const _ of runner.decided(0)) break;
      await runner.stop();
      await settled();
      expect(follower.runner.decidedIdx).toBe(1);
    },
  );
});
