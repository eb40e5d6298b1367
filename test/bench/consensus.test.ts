// That three replicas in three processes decide what is proposed, and that none of the processes is left behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from '@jest/globals';
import { compiled } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const serve = compiled('bench/consensus/serve.js');

describe.each(['runners-on-tcp', 'held-runners-on-tcp'])('%s', (name) => {
  it('measures turns one behind the other, and ends with its peers', async () => {
    const child = spawn(process.execPath, [serve, name, temporaryFolder()], { stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await answers.next()).value as string);
    const ask = (request: string) => {
      child.stdin.write(`${request}\n`);
      return next();
    };
    expect(await next()).toMatchObject({ durability: expect.stringContaining('process of its own') });
    for (const inFlight of [1, 64]) {
      const { entries, fsyncs, leaderChanges } = await ask(`append inFlight=${inFlight} ms=50`);
      // On a busy machine the lead may move, and proposals get lost.
      if (leaderChanges === 0) expect(entries).toBeGreaterThanOrEqual(inFlight);
      expect(fsyncs).toBeGreaterThan(0);
      expect(await ask('settle')).toEqual({});
    }
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]); // which waits for those of its peers
  });
});
