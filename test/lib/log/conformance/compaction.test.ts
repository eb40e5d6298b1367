import { describe, expect, it } from '@jest/globals';
import { observe } from '../../../support/observe.js';
import { expectStorageError } from '../../../support/storage-failures.js';
import { STORAGES } from '../../../support/storages.js';

describe.each(STORAGES)('$name', ({ given }) => {
  describe('trim', () => {
    it('removes [0, idx)', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(2),
      );
      expect(await log.getSuffix(0)).toEqual(['c', 'd']);
      expect(await log.getEntries(1, 2)).toEqual([]);
      expect(await log.getEntries(2, 4)).toEqual(['c', 'd']);
    });

    it('does not move the floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(2),
      );
      expect(await log.getCompactedIdx()).toBe(0);
      expect(await log.getLogLen()).toBe(4);
      expect(await log.appendEntry('e')).toBe(5);
      expect(await log.getEntries(4, 5)).toEqual(['e']);
    });

    it('at 0, and where all below idx is gone already, removes nothing', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(0),
        (log) => log.trim(2),
        (log) => log.trim(1),
      );
      expect(await log.getSuffix(0)).toEqual(['c', 'd']);
    });

    it('goes on where the last one ended', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd', 'e']),
        (log) => log.trim(1),
        (log) => log.trim(3),
        (log) => log.trim(4),
      );
      expect(await log.getSuffix(0)).toEqual(['e']);
    });

    it('that empties the log falls back to the floor', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(2),
        (log) => log.appendEntries(['c', 'd', 'e']),
        (log) => log.trim(5),
      );
      expect(await log.getLogLen()).toBe(0);
      expect(await log.getBounds()).toEqual({ first: 2, next: 2 });
      expect(await log.appendEntry('c again')).toBe(1);
      expect(await log.getEntries(2, 3)).toEqual(['c again']);
    });

    it('that empties a log without a floor falls back to 0', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.trim(Number.MAX_SAFE_INTEGER),
      );
      expect(await log.getSuffix(0)).toEqual([]);
      expect(await log.appendEntry('a again')).toBe(1);
      expect(await log.getEntries(0, 1)).toEqual(['a again']);
    });

    it('of 5,000 entries removes them all', async () => {
      const log = await given(
        (log) => log.appendEntries(Array.from({ length: 5000 }, (_, i) => `entry ${i}`)),
        (log) => log.trim(4998),
      );
      expect(await log.getSuffix(0)).toEqual(['entry 4998', 'entry 4999']);
    });
  });

  describe('setCompactedIdx', () => {
    it('moves the floor, and removes nothing', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(2),
      );
      expect(await log.getCompactedIdx()).toBe(2);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c']);
      expect(await log.getLogLen()).toBe(1);
    });

    it('lowered again gives the length from the lower floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(3),
        (log) => log.setCompactedIdx(1),
      );
      expect(await log.getCompactedIdx()).toBe(1);
      expect(await log.getLogLen()).toBe(2);
    });

    it('lowered while nothing is live takes the next append down with it', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(8),
        (log) => log.setCompactedIdx(3),
      );
      expect(await log.appendEntry('d')).toBe(1);
      expect(await log.getEntries(3, 4)).toEqual(['d']);
    });

    it('lowered below a live tail leaves the next append behind the tail', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(8),
        (log) => log.appendEntry('i'),
        (log) => log.setCompactedIdx(3),
      );
      expect(await log.appendEntry('j')).toBe(7);
      expect(await log.getEntries(8, 10)).toEqual(['i', 'j']);
    });

    it('can be the highest index there is', async () => {
      const log = await given((log) => log.setCompactedIdx(Number.MAX_SAFE_INTEGER));
      expect(await log.getCompactedIdx()).toBe(Number.MAX_SAFE_INTEGER);
      expect(await log.getLogLen()).toBe(0);
    });
  });

  describe('trim and setCompactedIdx', () => {
    it('are independent: a floor below what is trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(1),
        (log) => log.trim(3),
      );
      expect(await log.getCompactedIdx()).toBe(1);
      expect(await log.getLogLen()).toBe(3);
      expect(await log.getSuffix(0)).toEqual(['d']);
    });

    it('are independent: a floor above what is trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(3),
        (log) => log.trim(1),
      );
      expect(await log.getCompactedIdx()).toBe(3);
      expect(await log.getLogLen()).toBe(1);
      expect(await log.getSuffix(0)).toEqual(['b', 'c', 'd']);
    });
  });

  describe('compact', () => {
    it('does all three: the snapshot, the trim and the floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setDecidedIdx(3),
        (log) => log.compact(3, { sum: 'abc' }),
      );
      expect(await log.getSnapshot()).toEqual({ sum: 'abc' });
      expect(await log.getSuffix(0)).toEqual(['d']);
      expect(await log.getCompactedIdx()).toBe(3);
      expect(await log.getLogLen()).toBe(1);
      expect(await log.appendEntry('e')).toBe(2);
      expect(await log.getEntries(3, 5)).toEqual(['d', 'e']);
    });

    it('without a snapshot leaves the one that is there', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setDecidedIdx(4),
        (log) => log.compact(2, 'first'),
        (log) => log.compact(3),
      );
      expect(await log.getSnapshot()).toBe('first');
      expect(await log.getCompactedIdx()).toBe(3);
      expect(await log.getSuffix(0)).toEqual(['d']);
    });

    it('takes null for a snapshot, not for the want of one', async () => {
      const log = await given(
        (log) => log.setSnapshot('first'),
        (log) => log.compact(0, null),
      );
      expect(await log.getSnapshot()).toBeNull();
    });

    it('of all that is live keeps the next index', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setDecidedIdx(3),
        (log) => log.compact(3),
      );
      expect(await log.getBounds()).toEqual({ first: 3, next: 3 });
      expect(await log.appendEntry('d')).toBe(1);
      expect(await log.getEntries(3, 4)).toEqual(['d']);
    });

    it.each([
      ['below the floor', 1, 'compaction floor is at 2'],
      ['past the end', 6, 'ends at 5'],
      ['past the decided index', 5, 'decided up to 4'],
    ])('%s is refused, and changes nothing', async (_, idx, why) => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd', 'e']),
        (log) => log.setDecidedIdx(4),
        (log) => log.compact(2, 'first'),
      );
      const before = await observe(log);
      await expectStorageError(() => log.compact(idx, 'second'), 'INVALID_ARGUMENT', `compacted to ${idx}`, why);
      expect(await observe(log)).toEqual(before);
      await log.compact(4, 'third');
      expect(await observe(log)).toMatchObject({ entries: ['e'], compactedIdx: 4, snapshot: 'third' });
    });
  });
});
