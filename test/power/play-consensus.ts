// Three replicas that propose, decide, compact, lose their connections and start again. What each of them shows is told: that
// must still be so after a power cut.

import type { Ballot } from '../../lib/index.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { PIDS, PowerCluster } from './power-cluster.js';

/** What a replica tells in the recording. */
export type ConsensusMark =
  | { type: 'propose'; value: string }
  /** The replica has been opened, and what that writes is durable. */
  | { type: 'opened'; pid: number }
  /** It has shown that these are decided, from `idx` on. */
  | { type: 'decided'; pid: number; idx: number; values: string[] }
  | { type: 'ballots'; pid: number; promise: Ballot | undefined; acceptedRound: Ballot | undefined };

const ROUNDS = 150;
const KEPT = 20;

export async function playConsensus(root: string, seed: number, mark: (text: string) => void): Promise<void> {
  const random = new SeededRandom(seed);
  const tell = (told: ConsensusMark) => mark(JSON.stringify(told));
  const cluster = new PowerCluster(root);
  for (const pid of PIDS) {
    await cluster.open(pid, true);
    tell({ type: 'opened', pid });
  }
  const shown = new Map(PIDS.map((pid) => [pid, 0]));
  for (let round = 0; round < ROUNDS; round++) {
    for (let proposal = random.within(0, 4); proposal > 0; proposal--) {
      const length = random.chance(20) ? random.within(0, 4000) : random.within(0, 100);
      const value = `${round}.${proposal} `.padEnd(length, '=');
      tell({ type: 'propose', value });
      cluster.at(random.oneOf(PIDS)).runner.append(Buffer.from(value));
    }
    await cluster.tick();
    for (const pid of PIDS) {
      const idx = shown.get(pid) as number;
      const values = (await cluster.decided(pid, idx)).map(String);
      shown.set(pid, idx + values.length);
      if (values.length > 0) tell({ type: 'decided', pid, idx, values });
      const { storage } = cluster.at(pid);
      const [promise, acceptedRound] = await Promise.all([storage.getPromise(), storage.getAcceptedRound()]);
      tell({ type: 'ballots', pid, promise, acceptedRound });
    }
    await disturb(cluster, random, Math.min(...shown.values()));
  }
  await cluster.stop();
}

async function disturb(cluster: PowerCluster, random: SeededRandom, decidedByAll: number): Promise<void> {
  const pid = random.oneOf(PIDS);
  const { storage, runner } = cluster.at(pid);
  const dice = random.within(1, 100);
  if (dice <= 5) {
    const idx = decidedByAll - KEPT;
    if (idx > (await storage.getCompactedIdx())) await storage.compact(idx);
  } else if (dice <= 8) {
    await cluster.restart(pid);
  } else if (dice <= 11) {
    cluster.network.partition.isolate(pid);
  } else if (dice <= 26) {
    cluster.network.partition.heal();
    cluster.reconnect();
  } else if (dice <= 29) {
    runner.tryBecomeLeader();
  }
}
