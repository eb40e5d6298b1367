// What a storage was given and what it gives back are the caller's: changing them changes nothing that is stored.

import assert from 'node:assert/strict';
import type { StopSign } from '../../contract/storage.js';
import type { Contract } from './contract.js';

interface Flight {
  origin: string;
  tags: string[];
}

const flight = (): Flight => ({
  origin: 'SEA',
  tags: ['late'],
});

function spoil(value: Flight): void {
  value.origin = 'LAX';
  value.tags.push('spoilt');
}

const stopsign = (): StopSign => ({
  nextConfig: { configurationId: 2, nodes: [1, 2], flexibleQuorum: { readQuorumSize: 2, writeQuorumSize: 1 } },
  metadata: Buffer.of(1, 2, 3),
});

export function copies({ describe, it, given }: Contract): void {
  describe('what is given, and what comes back', () => {
    it('is not changed by a change of an entry after its append', async () => {
      const entries = [flight(), flight()];
      const log = await given(
        (log) => log.appendEntries(entries),
        () => {
          for (const entry of entries) spoil(entry);
          entries.push(flight());
        },
      );
      assert.deepEqual(await log.getSuffix(0), [flight(), flight()]);
    });

    it('is not changed by a change of the operations after the call', async () => {
      const entries = [flight()];
      const ops = [{ type: 'appendEntries' as const, entries }];
      const log = await given(
        (log) => log.writeAtomically(ops),
        () => {
          for (const entry of entries) spoil(entry);
          ops.length = 0;
        },
      );
      assert.deepEqual(await log.getSuffix(0), [flight()]);
    });

    it('gives a fresh copy of an entry at each read', async () => {
      const log = await given((log) => log.appendEntries([flight(), flight()]));
      for (const entry of (await log.getEntries(0, 2)) as Flight[]) spoil(entry);
      for (const entry of (await log.getSuffix(0)) as Flight[]) spoil(entry);
      assert.deepEqual(await log.getEntries(0, 2), [flight(), flight()]);
      assert.deepEqual(await log.getSuffix(0), [flight(), flight()]);
    });

    it('gives entries that share nothing with each other', async () => {
      const log = await given((log) => log.appendEntries([flight(), flight()]));
      const [first, second] = (await log.getEntries(0, 2)) as [Flight, Flight];
      spoil(first);
      assert.deepEqual(second, flight());
    });

    it('copies ballots in and out', async () => {
      const ballot = { configId: 1, n: 2, priority: 3, pid: 4 };
      const log = await given(
        (log) => log.setPromise(ballot),
        (log) => log.setAcceptedRound(ballot),
        () => {
          ballot.n = 9;
        },
      );
      const read = { promise: await log.getPromise(), round: await log.getAcceptedRound() };
      assert.deepEqual(read.promise, { configId: 1, n: 2, priority: 3, pid: 4 });
      Object.assign(read.promise ?? {}, { n: 8 });
      Object.assign(read.round ?? {}, { n: 8 });
      assert.deepEqual(await log.getPromise(), { configId: 1, n: 2, priority: 3, pid: 4 });
      assert.deepEqual(await log.getAcceptedRound(), { configId: 1, n: 2, priority: 3, pid: 4 });
    });

    it('copies stop-signs in and out', async () => {
      const mine = stopsign();
      const log = await given(
        (log) => log.setStopsign(mine),
        () => {
          mine.nextConfig.nodes.push(3);
          mine.metadata?.fill(9);
        },
      );
      const read = (await log.getStopsign()) as StopSign;
      assert.deepEqual(read, stopsign());
      read.nextConfig.nodes.push(3);
      read.metadata?.fill(9);
      assert.deepEqual(await log.getStopsign(), stopsign());
    });

    it('copies snapshots in and out', async () => {
      const snapshot = flight();
      const log = await given(
        (log) => log.setSnapshot(snapshot),
        () => spoil(snapshot),
      );
      const read = (await log.getSnapshot()) as Flight;
      assert.deepEqual(read, flight());
      spoil(read);
      assert.deepEqual(await log.getSnapshot(), flight());
    });

    it('gives bounds that can be changed without harm', async () => {
      const log = await given((log) => log.appendEntry('a'));
      Object.assign(await log.getBounds(), { first: 7, next: 9 });
      assert.deepEqual(await log.getBounds(), { first: 0, next: 1 });
    });
  });
}
