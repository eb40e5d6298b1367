// The replicas that `npm run bench:cluster` measures: that they decide what is proposed, and go on without their leader.

import { describe, expect, it } from '@jest/globals';
import { compiled, runNode } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SCRIPT = `
  import { measureKills, PIDS, processorTimeOf } from '${compiled('bench/cluster/cluster.js')}';
  import { Replicas } from '${compiled('bench/cluster/replicas.js')}';
  import { freePorts } from '${compiled('bench/shared/free-ports.js')}';
  const replicas = new Replicas(process.argv[1], await freePorts(PIDS.length));
  await Promise.all(PIDS.map((pid) => replicas.start(pid, true)));
  const numbers = { ms: 100, inFlight: 64, batch: 1 };
  const appended = await processorTimeOf(replicas.processes(), () => replicas.measure(numbers));
  const killed = await measureKills(replicas, 1);
  await replicas.close();
  console.log(JSON.stringify({ appended, killed }));
`;

describe('the replicas of npm run bench:cluster', () => {
  it('decide entries, and others behind the end of their leader', async () => {
    const { exitCode, stdout, stderr } = await runNode(['--input-type=module', '-e', SCRIPT, temporaryFolder()]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { appended, killed } = JSON.parse(stdout);
    expect(appended.entries).toBeGreaterThanOrEqual(64);
    if (process.platform === 'linux') expect(appended.processorUs).toBeGreaterThanOrEqual(0);
    expect(killed.pausesMs).toHaveLength(1);
  });
});
