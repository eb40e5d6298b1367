// Three replicas on three databases, killed with SIGKILL while they decide. More of it: KILLS=100 npm run kill.

import { describe, expect, it } from '@jest/globals';
import { KilledCluster } from '../../support/killed-cluster.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const { KILLS = '25', KILL_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;
const kills = Number(KILLS);
const seed = Number(KILL_SEED);

describe('three replicas that are killed, together and apart', () => {
  it(
    `${kills} times lose and move nothing that any of them has shown as decided, and go on`,
    async () => {
      const report = await KilledCluster.run({ folder: temporaryFolder(), kills, seed });
      // Who asked for so many wants to know.
      if ('KILLS' in process.env) console.log({ seed, ...report });
      expect(report).toMatchObject({ kills });
      expect(report.decided).toBeGreaterThan(kills);
    },
    60_000 + kills * 10_000,
  );

  it('are found out where they start again on empty disks', async () => {
    const broken = KilledCluster.run({ folder: temporaryFolder(), kills: 15, seed, emptyDisksBehind: 2 });
    await expect(broken).rejects.toThrow(/^seed \d+, behind \d+ kills: replica \d has shown \d+ as decided/);
  }, 60_000);
});
