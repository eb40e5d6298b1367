// Trim, floor and snapshot, alone and together.

import assert from 'node:assert/strict';
import { type Contract, refuses } from './contract.js';
import { observe } from './observe.js';

export function compaction({ describe, it, given }: Contract): void {
  describe('trim', () => {
    it('removes [0, idx)', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(2),
      );
      assert.deepEqual(await log.getSuffix(0), ['c', 'd']);
      assert.deepEqual(await log.getEntries(1, 2), []);
      assert.deepEqual(await log.getEntries(2, 4), ['c', 'd']);
    });

    it('does not move the floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(2),
      );
      assert.equal(await log.getCompactedIdx(), 0);
      assert.equal(await log.getLogLen(), 4);
      assert.equal(await log.appendEntry('e'), 5);
      assert.deepEqual(await log.getEntries(4, 5), ['e']);
    });

    it('at 0, and where all below idx is gone already, removes nothing', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(0),
        (log) => log.trim(2),
        (log) => log.trim(1),
      );
      assert.deepEqual(await log.getSuffix(0), ['c', 'd']);
    });

    it('goes on where the last one ended', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd', 'e']),
        (log) => log.trim(1),
        (log) => log.trim(3),
        (log) => log.trim(4),
      );
      assert.deepEqual(await log.getSuffix(0), ['e']);
    });

    it('that empties the log falls back to the floor', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(2),
        (log) => log.appendEntries(['c', 'd', 'e']),
        (log) => log.trim(5),
      );
      assert.equal(await log.getLogLen(), 0);
      assert.deepEqual(await log.getBounds(), { first: 2, next: 2 });
      assert.equal(await log.appendEntry('c again'), 1);
      assert.deepEqual(await log.getEntries(2, 3), ['c again']);
    });

    it('that empties a log without a floor falls back to 0', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.trim(Number.MAX_SAFE_INTEGER),
      );
      assert.deepEqual(await log.getSuffix(0), []);
      assert.equal(await log.appendEntry('a again'), 1);
      assert.deepEqual(await log.getEntries(0, 1), ['a again']);
    });

    it('of 5,000 entries removes them all', async () => {
      const log = await given(
        (log) => log.appendEntries(Array.from({ length: 5000 }, (_, i) => `entry ${i}`)),
        (log) => log.trim(4998),
      );
      assert.deepEqual(await log.getSuffix(0), ['entry 4998', 'entry 4999']);
    });
  });

  describe('setCompactedIdx', () => {
    it('moves the floor, and removes nothing', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(2),
      );
      assert.equal(await log.getCompactedIdx(), 2);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c']);
      assert.equal(await log.getLogLen(), 1);
    });

    it('lowered again gives the length from the lower floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(3),
        (log) => log.setCompactedIdx(1),
      );
      assert.equal(await log.getCompactedIdx(), 1);
      assert.equal(await log.getLogLen(), 2);
    });

    it('lowered while nothing is live takes the next append down with it', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(8),
        (log) => log.setCompactedIdx(3),
      );
      assert.equal(await log.appendEntry('d'), 1);
      assert.deepEqual(await log.getEntries(3, 4), ['d']);
    });

    it('lowered below a live tail leaves the next append behind the tail', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(8),
        (log) => log.appendEntry('i'),
        (log) => log.setCompactedIdx(3),
      );
      assert.equal(await log.appendEntry('j'), 7);
      assert.deepEqual(await log.getEntries(8, 10), ['i', 'j']);
    });

    it('can be the highest index there is', async () => {
      const log = await given((log) => log.setCompactedIdx(Number.MAX_SAFE_INTEGER));
      assert.equal(await log.getCompactedIdx(), Number.MAX_SAFE_INTEGER);
      assert.equal(await log.getLogLen(), 0);
    });
  });

  describe('trim and setCompactedIdx', () => {
    it('are independent: a floor below what is trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(1),
        (log) => log.trim(3),
      );
      assert.equal(await log.getCompactedIdx(), 1);
      assert.equal(await log.getLogLen(), 3);
      assert.deepEqual(await log.getSuffix(0), ['d']);
    });

    it('are independent: a floor above what is trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(3),
        (log) => log.trim(1),
      );
      assert.equal(await log.getCompactedIdx(), 3);
      assert.equal(await log.getLogLen(), 1);
      assert.deepEqual(await log.getSuffix(0), ['b', 'c', 'd']);
    });
  });

  describe('compact', () => {
    it('does all three: the snapshot, the trim and the floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setDecidedIdx(3),
        (log) => log.compact(3, { sum: 'abc' }),
      );
      assert.deepEqual(await log.getSnapshot(), { sum: 'abc' });
      assert.deepEqual(await log.getSuffix(0), ['d']);
      assert.equal(await log.getCompactedIdx(), 3);
      assert.equal(await log.getLogLen(), 1);
      assert.equal(await log.appendEntry('e'), 2);
      assert.deepEqual(await log.getEntries(3, 5), ['d', 'e']);
    });

    it('without a snapshot leaves the one that is there', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setDecidedIdx(4),
        (log) => log.compact(2, 'first'),
        (log) => log.compact(3),
      );
      assert.equal(await log.getSnapshot(), 'first');
      assert.equal(await log.getCompactedIdx(), 3);
      assert.deepEqual(await log.getSuffix(0), ['d']);
    });

    it('takes null for a snapshot, not for the want of one', async () => {
      const log = await given(
        (log) => log.setSnapshot('first'),
        (log) => log.compact(0, null),
      );
      assert.equal(await log.getSnapshot(), null);
    });

    it('of all that is live keeps the next index', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setDecidedIdx(3),
        (log) => log.compact(3),
      );
      assert.deepEqual(await log.getBounds(), { first: 3, next: 3 });
      assert.equal(await log.appendEntry('d'), 1);
      assert.deepEqual(await log.getEntries(3, 4), ['d']);
    });

    for (const [what, idx] of [
      ['below the floor', 1],
      ['past the end', 6],
      ['past the decided index', 5],
    ] as const) {
      it(`${what} is refused, and changes nothing`, async () => {
        const log = await given(
          (log) => log.appendEntries(['a', 'b', 'c', 'd', 'e']),
          (log) => log.setDecidedIdx(4),
          (log) => log.compact(2, 'first'),
        );
        const before = await observe(log);
        await refuses(() => log.compact(idx, 'second'));
        assert.deepEqual(await observe(log), before);
        await log.compact(4, 'third');
        const { entries, compactedIdx, snapshot } = await observe(log);
        assert.deepEqual({ entries, compactedIdx, snapshot }, { entries: ['e'], compactedIdx: 4, snapshot: 'third' });
      });
    }
  });
}
