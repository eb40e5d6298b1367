// A replica that lacks what the log of its peers has no longer gets a state, and the log behind it.

import { describe, expect, it } from '@jest/globals';
import { three } from '../../support/opened-replicas.js';
import { type Add, PIDS, type ReplicasOfCounters } from '../../support/replicas-of-counters.js';
import { until } from '../../support/until.js';

const one = (key: string): Add => ({ key, add: 1 });
const names = (count: number, prefix = 'k') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const others = (leader: number) => PIDS.filter((pid) => pid !== leader) as [number, number];

/** What `pid` lacks, all others have compacted. */
async function leaveBehind(replicas: ReplicasOfCounters, pid: number, keys: readonly string[]): Promise<void> {
  const there = others(pid);
  await replicas.settled();
  replicas.transport.partition.isolate(pid);
  await replicas.leader(there);
  const [first] = there;
  await Promise.all(keys.map((key) => replicas.at(first).propose(one(key))));
  await until(() =>
    there.every((each) => replicas.at(each).status().appliedIdx === replicas.at(first).status().appliedIdx),
  );
  for (const each of there) {
    const index = await replicas.at(each).takeSnapshot();
    expect(replicas.at(each).status()).toMatchObject({ compactedIdx: index });
    expect(index).toBeGreaterThan(replicas.at(pid).status().decidedIdx);
  }
}

function expectEqual(replicas: ReplicasOfCounters): void {
  const [first] = PIDS.map((pid) => replicas.machine(pid).applied);
  for (const pid of PIDS) expect(replicas.machine(pid).applied).toEqual(first);
}

describe('a replica that is too far behind for the log', () => {
  it('gets the state and the log behind it, and goes on', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away] = others(leader);
    await replicas.at(leader).propose(one('first'));
    await leaveBehind(replicas, away, names(100));
    replicas.transport.partition.heal();
    await replicas.at(leader).propose(one('behind'));
    await replicas.settled();
    expect(replicas.machine(away).restored).toBe(1);
    expect(replicas.machine(away).values.size).toBe(102);
    expect(replicas.at(away).status().compactedIdx).toBeGreaterThanOrEqual(101);
    expectEqual(replicas);
    expect((await replicas.at(away).propose(one('first'))).result).toBe(2);
    await replicas.settled();
    await until(() =>
      PIDS.every((pid) =>
        replicas
          .at(pid)
          .status()
          .peers.every(({ transfer }) => !transfer),
      ),
    );
    for (const pid of PIDS) await replicas.at(pid).takeSnapshot();
  });

  it('has it for good: restarted, it starts from there', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away] = others(leader);
    await leaveBehind(replicas, away, names(100));
    replicas.transport.partition.heal();
    await until(() => replicas.machine(away).restored === 1);
    await replicas.restart(away);
    expect(replicas.machine(away).restored).toBe(1);
    await replicas.at(away).propose(one('again'));
    await replicas.settled();
    expectEqual(replicas);
  });

  it('gets it where it is to lead as well', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away] = others(leader);
    await leaveBehind(replicas, away, names(100));
    replicas.transport.partition.heal();
    await until(() =>
      replicas
        .at(leader)
        .status()
        .peers.every(({ connected }) => connected),
    );
    await replicas.at(away).transferLeadership(away);
    await replicas.at(away).propose(one('led'));
    await replicas.settled();
    expect(replicas.machine(away).restored).toBe(1);
    expectEqual(replicas);
  });

  it('gets a state of many pieces, from whoever is there, although the way is cut again and again', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away, other] = others(leader);
    const long = names(3000).map((name) => `${name} ${'x'.repeat(400)}`);
    await leaveBehind(replicas, away, long);
    const { partition } = replicas.transport;
    partition.heal();
    for (let cuts = 0; cuts < 3; cuts++) {
      await until(() =>
        [leader, other].some((pid) =>
          replicas
            .at(pid)
            .status()
            .peers.some(({ transfer }) => transfer),
        ),
      );
      partition.isolate(away);
      await new Promise((resolve) => setTimeout(resolve, 50));
      partition.heal();
    }
    await replicas.settled();
    expect(replicas.machine(away).values.size).toBe(3000);
    expectEqual(replicas);
  });

  it('gets it also where it starts again while it comes, and once it has come', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away] = others(leader);
    const long = names(3000).map((name) => `${name} ${'x'.repeat(400)}`);
    await leaveBehind(replicas, away, long);
    replicas.transport.partition.heal();
    for (let restarts = 0; restarts < 4 && replicas.machine(away).restored === 0; restarts++) {
      await until(() =>
        others(away).some((pid) =>
          replicas
            .at(pid)
            .status()
            .peers.some(({ transfer }) => transfer),
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 40 * restarts));
      await replicas.restart(away);
    }
    await replicas.settled();
    expect(replicas.machine(away).values.size).toBe(3000);
    expectEqual(replicas);
  });

  it('gets it from another where the one that gives it stops', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away, other] = others(leader);
    await leaveBehind(
      replicas,
      away,
      names(3000).map((name) => `${name} ${'x'.repeat(400)}`),
    );
    replicas.transport.partition.heal();
    await until(() =>
      PIDS.some((pid) =>
        replicas
          .at(pid)
          .status()
          .peers.some(({ transfer }) => transfer),
      ),
    );
    const giver = PIDS.find((pid) =>
      replicas
        .at(pid)
        .status()
        .peers.some(({ transfer }) => transfer),
    ) as number;
    await replicas.at(giver).stop();
    const rest = [away, ...[leader, other].filter((pid) => pid !== giver)];
    await until(() => rest.every((pid) => replicas.at(pid).status().appliedIdx >= 3000));
    await replicas.open(giver);
    await replicas.settled();
    expectEqual(replicas);
  });

  it('tells of its own proposals that were applied meanwhile that their results are lost', async () => {
    const replicas = await three();
    const leader = await replicas.leader();
    const [away, other] = others(leader);
    await replicas.settled();
    // What it proposes gets out, and nothing gets in.
    for (const pid of [leader, other]) replicas.transport.partition.block(pid, away);
    const proposed = replicas.at(away).propose(one('mine'));
    const outcome = proposed.then(
      ({ result }) => result,
      ({ code }) => code,
    );
    await leaveBehind(replicas, away, names(50));
    replicas.transport.partition.heal();
    const told = await outcome;
    await replicas.settled();
    const times = replicas.machine(leader).values.get('mine');
    expect([
      ['OUTCOME_UNKNOWN', 1],
      [1, 1],
    ]).toContainEqual([told, times]);
    expectEqual(replicas);
  });
});
