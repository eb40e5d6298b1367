// A storage that has just been opened knows the two ends of its log and not what lies between. Each step of the row that
// reopens meets the log in that state.

import { describe, expect, it } from '@jest/globals';
import { type AnyStorage, STORAGES } from '../../../support/storages.js';

/** Live: 0, 1, 5, 6, 10, 11. */
const withTwoGaps = [
  (log: AnyStorage<string>) => log.appendEntries(['a', 'b']),
  (log: AnyStorage<string>) => log.appendOnPrefix(5, ['f', 'g']),
  (log: AnyStorage<string>) => log.setCompactedIdx(10),
  (log: AnyStorage<string>) => log.appendEntries(['k', 'l']),
  (log: AnyStorage<string>) => log.setCompactedIdx(0),
];

/** Of each of these entries: its version byte, and MessagePack's two. */
const STORED_BYTES = 3;

describe.each(STORAGES)('$name', ({ given }) => {
  describe('a log with gaps', () => {
    it('gives what is live, and no range with a missing index', async () => {
      const log = await given(...withTwoGaps);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'f', 'g', 'k', 'l']);
      expect(await log.getEntries(0, 2)).toEqual(['a', 'b']);
      expect(await log.getEntries(5, 7)).toEqual(['f', 'g']);
      expect(await log.getEntries(10, 12)).toEqual(['k', 'l']);
      expect(await log.getEntries(0, 12)).toEqual([]);
      expect(await log.getEntries(1, 6)).toEqual([]);
      expect(await log.getEntries(6, 11)).toEqual([]);
      expect(await log.getBounds()).toEqual({ first: 0, next: 12 });
    });

    it('gives what reaches maxBytes, whatever is missing behind it', async () => {
      const log = await given(...withTwoGaps);
      expect(await log.getEntries(0, 12, { maxBytes: 1 })).toEqual(['a']);
      expect(await log.getEntries(0, 12, { maxBytes: 2 * STORED_BYTES })).toEqual(['a', 'b']);
      expect(await log.getEntries(0, 12, { maxBytes: 2 * STORED_BYTES + 1 })).toEqual([]);
      expect(await log.getEntries(6, 11, { maxBytes: 1 })).toEqual(['g']);
      for (const from of [2, 4, 7]) expect(await log.getEntries(from, 12, { maxBytes: 1 })).toEqual([]);
      expect(await log.getEntries(0, 13, { maxBytes: 1 })).toEqual([]); // that ends past the end
    });

    it('goes on behind its highest entry', async () => {
      const log = await given(...withTwoGaps);
      expect(await log.appendEntry('m')).toBe(13);
      expect(await log.getEntries(10, 13)).toEqual(['k', 'l', 'm']);
    });

    it('filled in is one range again', async () => {
      const log = await given(
        (log) => log.appendOnPrefix(2, ['c']),
        (log) => log.appendOnPrefix(0, ['a', 'b', 'c']),
      );
      expect(await log.getEntries(0, 3)).toEqual(['a', 'b', 'c']);
    });
  });

  describe('appendOnPrefix back into a gap', () => {
    it('with no entries moves the tail down to the highest entry below the gap', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(9, []));
      expect(await log.getBounds()).toEqual({ first: 0, next: 7 });
      expect(await log.appendEntry('h')).toBe(8);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'f', 'g', 'h']);
    });

    it('with no entries below the first gap moves the tail past every gap', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(3, []));
      expect(await log.getLogLen()).toBe(2);
      expect(await log.appendEntry('c')).toBe(3);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c']);
    });

    it('with no entries inside a range keeps what is below', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(6, []));
      expect(await log.appendEntry('G')).toBe(7);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'f', 'G']);
    });

    it('with no entries at the first index empties the log', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(0, []));
      expect(await log.getSuffix(0)).toEqual([]);
      expect(await log.appendEntry('A')).toBe(1);
    });

    it('with entries keeps the gap below them', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(8, ['i']));
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'f', 'g', 'i']);
      expect(await log.getEntries(5, 9)).toEqual([]);
      expect(await log.getEntries(8, 9)).toEqual(['i']);
      expect(await log.getLogLen()).toBe(9);
    });

    it('with entries that reach over what was there replaces it', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(2, ['c', 'd', 'e', 'F']));
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c', 'd', 'e', 'F']);
      expect(await log.getEntries(0, 6)).toEqual(['a', 'b', 'c', 'd', 'e', 'F']);
    });

    it('falls back to the floor where nothing is live below', async () => {
      const log = await given(
        (log) => log.appendOnPrefix(5, ['f', 'g']),
        (log) => log.setCompactedIdx(2),
        (log) => log.appendOnPrefix(4, []),
      );
      expect(await log.appendEntry('c')).toBe(1);
      expect(await log.getEntries(2, 3)).toEqual(['c']);
    });
  });

  describe('trim into a gap', () => {
    it('leaves the lowest entry above the gap as the first', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(3));
      expect(await log.getBounds()).toEqual({ first: 5, next: 12 });
      expect(await log.getSuffix(0)).toEqual(['f', 'g', 'k', 'l']);
    });

    it('past two gaps leaves what is above', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(8));
      expect(await log.getBounds()).toEqual({ first: 10, next: 12 });
      expect(await log.getSuffix(0)).toEqual(['k', 'l']);
    });

    it('inside a range leaves its rest', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(6));
      expect(await log.getBounds()).toEqual({ first: 6, next: 12 });
      expect(await log.getSuffix(0)).toEqual(['g', 'k', 'l']);
    });

    it('past the tail empties the log', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(12));
      expect(await log.getSuffix(0)).toEqual([]);
      expect(await log.getLogLen()).toBe(0);
    });

    it('and a cut from above meet in the middle', async () => {
      const log = await given(
        ...withTwoGaps,
        (log) => log.trim(3),
        (log) => log.appendOnPrefix(9, []),
      );
      expect(await log.getBounds()).toEqual({ first: 5, next: 7 });
      expect(await log.getSuffix(0)).toEqual(['f', 'g']);
    });

    it('and a cut from above that leave nothing fall back to the floor', async () => {
      const log = await given(
        ...withTwoGaps,
        (log) => log.trim(7),
        (log) => log.appendOnPrefix(10, []),
      );
      expect(await log.getSuffix(0)).toEqual([]);
      expect(await log.appendEntry('A')).toBe(1);
    });
  });

  describe('a gap of 2^52 indices', () => {
    it('costs nothing to cut and to trim', async () => {
      const far = 2 ** 52;
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.appendOnPrefix(far, ['y', 'z']),
        (log) => log.trim(1),
      );
      expect(await log.getSuffix(0)).toEqual(['b', 'y', 'z']);
      expect(await log.getEntries(1, far + 1)).toEqual([]);
      expect(await log.appendOnPrefix(far - 1, [])).toBe(2);
      expect(await log.getSuffix(0)).toEqual(['b']);
    });
  });
});
