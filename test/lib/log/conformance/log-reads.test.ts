import { describe, expect, it } from '@jest/globals';
import { STORAGES } from '../../../support/storages.js';

describe.each(STORAGES)('$name', ({ given }) => {
  const abc = () => given((log) => log.appendEntries(['a', 'b', 'c']));

  describe('getEntries', () => {
    it('gives all of [from, to)', async () => {
      const log = await abc();
      expect(await log.getEntries(0, 3)).toEqual(['a', 'b', 'c']);
      expect(await log.getEntries(0, 1)).toEqual(['a']);
      expect(await log.getEntries(1, 2)).toEqual(['b']);
      expect(await log.getEntries(1, 3)).toEqual(['b', 'c']);
    });

    it('returns nothing of a log that was never written', async () => {
      const log = await given();
      expect(await log.getEntries(0, 1)).toEqual([]);
    });

    it('returns nothing for an empty range, and for one that ends before it starts', async () => {
      const log = await abc();
      expect(await log.getEntries(1, 1)).toEqual([]);
      expect(await log.getEntries(2, 1)).toEqual([]);
      expect(await log.getEntries(3, 3)).toEqual([]);
    });

    it('returns nothing when the range goes past the tail, never a part', async () => {
      const log = await abc();
      expect(await log.getEntries(0, 4)).toEqual([]);
      expect(await log.getEntries(2, 4)).toEqual([]);
      expect(await log.getEntries(3, 4)).toEqual([]);
      expect(await log.getEntries(0, Number.MAX_SAFE_INTEGER)).toEqual([]);
    });

    it('returns nothing when the range starts below what was trimmed, never a shift', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(1),
      );
      expect(await log.getEntries(0, 1)).toEqual([]);
      expect(await log.getEntries(0, 2)).toEqual([]);
      expect(await log.getEntries(0, 3)).toEqual([]);
      expect(await log.getEntries(1, 3)).toEqual(['b', 'c']);
    });

    it('returns nothing when any index in the range is missing', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(4),
        (log) => log.appendEntries(['e', 'f']),
      );
      expect(await log.getEntries(0, 6)).toEqual([]);
      expect(await log.getEntries(1, 5)).toEqual([]);
      expect(await log.getEntries(2, 4)).toEqual([]);
      expect(await log.getEntries(1, 3)).toEqual([]);
      expect(await log.getEntries(3, 5)).toEqual([]);
      expect(await log.getEntries(0, 2)).toEqual(['a', 'b']);
      expect(await log.getEntries(4, 6)).toEqual(['e', 'f']);
    });

    it('gives entries below the compaction floor for as long as they are not trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(2),
      );
      expect(await log.getEntries(0, 3)).toEqual(['a', 'b', 'c']);
    });

    it('gives a range of many megabytes whole', async () => {
      const text = 'x'.repeat(300_000);
      const entries = Array.from({ length: 40 }, (_, i) => `${i} ${text}`);
      entries[20] = 'y'.repeat(6_000_000);
      const log = await given((log) => log.appendEntries(entries));
      expect(await log.getEntries(0, 40)).toEqual(entries);
      expect(await log.getEntries(13, 39)).toEqual(entries.slice(13, 39));
      expect(await log.getEntries(13, 41)).toEqual([]);
      expect(await log.getSuffix(1)).toEqual(entries.slice(1));
    });

    it('keeps the order of indices past one byte, and past 2^32', async () => {
      const log = await given(
        (log) =>
          log.appendOnPrefix(
            254,
            ['a', 'b', 'c', 'd'], // 256 is the first index of two bytes
          ),
        (log) => log.appendOnPrefix(2 ** 32 - 1, ['e', 'f']),
      );
      expect(await log.getEntries(254, 258)).toEqual(['a', 'b', 'c', 'd']);
      expect(await log.getEntries(2 ** 32 - 1, 2 ** 32 + 1)).toEqual(['e', 'f']);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    });
  });

  describe('getSuffix', () => {
    it('gives every live entry at or past from', async () => {
      const log = await abc();
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c']);
      expect(await log.getSuffix(1)).toEqual(['b', 'c']);
      expect(await log.getSuffix(2)).toEqual(['c']);
    });

    it('gives nothing past the tail, and nothing of an empty log', async () => {
      const log = await abc();
      expect(await log.getSuffix(3)).toEqual([]);
      expect(await log.getSuffix(Number.MAX_SAFE_INTEGER)).toEqual([]);
      expect(await (await given()).getSuffix(0)).toEqual([]);
    });

    it('starts at the lowest live entry where from was trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(2),
      );
      expect(await log.getSuffix(0)).toEqual(['c']);
      expect(await log.getSuffix(1)).toEqual(['c']);
    });

    it('passes over a gap', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(4),
        (log) => log.appendEntries(['e', 'f']),
      );
      expect(await log.getSuffix(1)).toEqual(['b', 'e', 'f']);
      expect(await log.getSuffix(2)).toEqual(['e', 'f']);
      expect(await log.getSuffix(3)).toEqual(['e', 'f']);
      expect(await log.getSuffix(5)).toEqual(['f']);
    });
  });

  describe('getLogLen', () => {
    it('is 0 for a log that was never written', async () => {
      expect(await (await given()).getLogLen()).toBe(0);
    });

    it('is the next index minus the compaction floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(1),
      );
      expect(await log.getLogLen()).toBe(3);
    });

    it('is not changed by a trim that leaves entries', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(3),
      );
      expect(await log.getLogLen()).toBe(4);
    });

    it('counts the gap', async () => {
      const log = await given((log) => log.appendOnPrefix(7, ['h']));
      expect(await log.getLogLen()).toBe(8);
    });

    it('is never below 0', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(10),
      );
      expect(await log.getLogLen()).toBe(0);
    });
  });

  describe('getBounds', () => {
    it('is [0, 0) for a log that was never written', async () => {
      expect(await (await given()).getBounds()).toEqual({ first: 0, next: 0 });
    });

    it('is from the lowest live index to that of the next append, gaps included', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(1),
      );
      expect(await log.getBounds()).toEqual({ first: 1, next: 3 });
      await log.setCompactedIdx(5);
      expect(await log.getBounds()).toEqual({ first: 1, next: 5 });
      await log.appendEntry('f');
      expect(await log.getBounds()).toEqual({ first: 1, next: 6 });
    });

    it('is empty, at the floor, where nothing is live', async () => {
      const log = await given((log) => log.setCompactedIdx(5));
      expect(await log.getBounds()).toEqual({ first: 5, next: 5 });
    });
  });
});
