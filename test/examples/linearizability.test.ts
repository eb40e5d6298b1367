// Clients of the replicated key-value example, while its processes are killed, stopped and cut off: what they are told must be
// linearizable. LINEARIZABILITY_SEED chooses what happens when; `npm run linearizability` goes on for longer.

import { afterEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { runClients } from '../linearizability/clients.js';
import { Links } from '../linearizability/links.js';
import { historyOfStaleRead } from '../linearizability/stale-read.js';
import { Troubles } from '../linearizability/troubles.js';
import { violationIn } from '../support/linearizability.js';
import { ReplicatedKv } from '../support/replicated-kv.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const { LINEARIZABILITY_SEED = `${Date.now() % 1_000_000}` } = process.env;
const SEED = Number(LINEARIZABILITY_SEED);
const SECONDS = 15;

let cluster: ReplicatedKv;

afterEach(() => cluster.killAll());

describe('the replicated key-value example', () => {
  it(`is linearizable whatever is killed, stopped or cut off (LINEARIZABILITY_SEED=${SEED})`, async () => {
    await using links = new Links();
    cluster = await ReplicatedKv.three(temporaryFolder(), { through: (from, to, port) => links.open(from, to, port) });
    const over = performance.now() + SECONDS * 1000;
    const isOver = () => performance.now() > over;
    const troubles = new Troubles({ cluster, links, clocks: undefined, random: new SeededRandom(SEED), isOver });
    const [histories] = await Promise.all([
      runClients({ cluster, clients: 10, keys: 3, seed: SEED, isOver }),
      troubles.run(),
    ]);
    for (const [key, history] of histories) {
      expect({ seed: SEED, key, violation: violationIn(history) }).toEqual({ seed: SEED, key, violation: undefined });
      const known = history.filter(({ type, end }) => type !== 'read' && end !== undefined);
      expect(known.length).toBeGreaterThan(10);
    }
  }, 135_000);

  it('is not linearizable for who reads without a barrier from a replica that lags', async () => {
    cluster = await ReplicatedKv.three(temporaryFolder());
    const history = await historyOfStaleRead(cluster);
    expect(violationIn(history.slice(0, -1))).toBeUndefined();
    expect(violationIn(history)).toContain(JSON.stringify(history.at(-1)));
  });
});
