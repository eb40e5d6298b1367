// All of the operations or none, in their order.

import assert from 'node:assert/strict';
import { type Contract, refuses } from './contract.js';
import { observe } from './observe.js';

const ballot = (n: number) => ({ configId: 1, n, priority: 0, pid: 1 });
const stopsign = { nextConfig: { configurationId: 2, nodes: [1, 2] } };

export function atomicWrites({ describe, it, given }: Contract): void {
  describe('writeAtomically', () => {
    it('does every kind of operation', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'appendEntry', entry: 'a' },
          { type: 'appendEntries', entries: ['b', 'c'] },
          { type: 'appendOnPrefix', fromIdx: 2, entries: ['C', 'D'] },
          { type: 'setPromise', ballot: ballot(3) },
          { type: 'setAcceptedRound', ballot: ballot(2) },
          { type: 'setDecidedIdx', idx: 2 },
          { type: 'setCompactedIdx', idx: 1 },
          { type: 'trim', idx: 1 },
          { type: 'setStopsign', stopsign },
          { type: 'setSnapshot', snapshot: 'a' },
        ]),
      );
      assert.deepEqual(await observe(log), {
        bounds: { first: 1, next: 4 },
        entries: ['b', 'C', 'D'],
        logLen: 3,
        promise: ballot(3),
        acceptedRound: ballot(2),
        decidedIdx: 2,
        compactedIdx: 1,
        stopsign,
        snapshot: 'a',
      });
    });

    it('of nothing does nothing', async () => {
      const log = await given((log) => log.appendEntry('a'));
      const before = await observe(log);
      await log.writeAtomically([]);
      assert.deepEqual(await observe(log), before);
    });

    it('does the operations in their order: the later of two values stays', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'setPromise', ballot: ballot(1) },
          { type: 'setDecidedIdx', idx: 9 },
          { type: 'setSnapshot', snapshot: 'first' },
          { type: 'setStopsign', stopsign },
          { type: 'setPromise', ballot: ballot(2) },
          { type: 'setDecidedIdx', idx: 4 },
          { type: 'setSnapshot', snapshot: undefined },
          { type: 'setStopsign', stopsign: undefined },
        ]),
      );
      assert.deepEqual(await log.getPromise(), ballot(2));
      assert.equal(await log.getDecidedIdx(), 4);
      assert.equal(await log.getSnapshot(), undefined);
      assert.equal(await log.getStopsign(), undefined);
    });

    it('lets each operation see the log that the ones before it leave', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'appendEntries', entries: ['a', 'b'] },
          { type: 'setCompactedIdx', idx: 5 },
          { type: 'appendEntry', entry: 'f' }, // at the floor, 5
          { type: 'trim', idx: 1 },
          { type: 'appendEntry', entry: 'g' },
        ]),
      );
      assert.deepEqual(await log.getSuffix(0), ['b', 'f', 'g']);
      assert.deepEqual(await log.getEntries(5, 7), ['f', 'g']);
    });

    it('appends after a trim that empties the log from the floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) =>
          log.writeAtomically([
            { type: 'trim', idx: 3 },
            { type: 'appendEntry', entry: 'A' },
          ]),
      );
      assert.deepEqual(await log.getSuffix(0), ['A']);
      assert.deepEqual(await log.getEntries(0, 1), ['A']);
    });

    it('trims what was appended before it, and not what is appended after it', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'appendEntries', entries: Array.from({ length: 3000 }, (_, i) => `old ${i}`) },
          { type: 'trim', idx: 3000 },
          { type: 'appendEntries', entries: ['new 0', 'new 1'] },
        ]),
      );
      assert.deepEqual(await log.getSuffix(0), ['new 0', 'new 1']);
      assert.deepEqual(await log.getBounds(), { first: 0, next: 2 });
    });

    it('cuts what was appended before it, in doubt or not', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.appendOnPrefix(6, ['g', 'h']),
        (log) =>
          log.writeAtomically([
            { type: 'appendEntry', entry: 'i' },
            { type: 'appendOnPrefix', fromIdx: 7, entries: ['H'] },
            { type: 'appendOnPrefix', fromIdx: 4, entries: [] },
            { type: 'appendEntry', entry: 'c' },
            { type: 'trim', idx: 1 },
          ]),
      );
      assert.deepEqual(await log.getSuffix(0), ['b', 'c']);
      assert.deepEqual(await log.getBounds(), { first: 1, next: 3 });
    });

    it('is nothing at all where one of its operations is invalid', async () => {
      const log = await given((log) => log.appendEntries(['a', 'b']));
      const before = await observe(log);
      await refuses(() =>
        log.writeAtomically([
          { type: 'appendEntry', entry: 'c' },
          { type: 'setDecidedIdx', idx: -1 },
        ]),
      );
      assert.deepEqual(await observe(log), before);
    });

    it('is nothing at all where one of its appends would pass the last index', async () => {
      const log = await given((log) => log.appendEntries(['a', 'b']));
      const before = await observe(log);
      await refuses(() =>
        log.writeAtomically([
          { type: 'trim', idx: 1 },
          { type: 'setCompactedIdx', idx: Number.MAX_SAFE_INTEGER },
          { type: 'appendEntry', entry: 'z' },
        ]),
      );
      assert.deepEqual(await observe(log), before);
    });

    it('leaves the storage fit for use after it was refused', async () => {
      const log = await given();
      await refuses(() => log.writeAtomically([{ type: 'appendEntries', entries: ['a', undefined] }]));
      await log.writeAtomically([{ type: 'appendEntries', entries: ['a', 'b'] }]);
      assert.deepEqual(await log.getEntries(0, 2), ['a', 'b']);
    });
  });
}
