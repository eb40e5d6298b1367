import { describe, expect, it } from '@jest/globals';
import { expectStorageError } from '../../../support/storage-failures.js';
import { STORAGES } from '../../../support/storages.js';

const LAST = Number.MAX_SAFE_INTEGER - 1; // the highest index an entry can have: the one behind it must be an index too

describe.each(STORAGES)('$name', ({ given }) => {
  const abc = () => given((log) => log.appendEntries(['a', 'b', 'c']));

  describe('arguments that change while they are read', () => {
    it('count as they were at the call: an array that an entry cuts, or extends', async () => {
      const log = await given();
      const cut: unknown[] = ['a', 'b'];
      cut.unshift({
        get x() {
          cut.length = 1;
          return 1;
        },
      });
      const extended: unknown[] = ['c'];
      extended.unshift({
        get x() {
          if (extended.length < 5) extended.push('never given');
          return 2;
        },
      });
      await log.appendEntries(cut as string[]);
      await log.appendEntries(extended as string[]);
      expect(await log.getSuffix(0)).toEqual([{ x: 1 }, 'a', 'b', { x: 2 }, 'c']);
      expect((await log.getBounds()).next).toBe(5);
    });

    it('are read once: a getter that gives something else the next time', async () => {
      const log = await given();
      const once = <V>(first: V, next: unknown) => {
        let reads = 0;
        return { get: () => (reads++ === 0 ? first : next), enumerable: true };
      };
      const ballot = { configId: 1, n: 1, priority: 0, pid: 3 };
      await log.setPromise(Object.defineProperty({ ...ballot }, 'pid', once(3, -5)));
      const op = Object.defineProperty({ type: 'setCompactedIdx' as const, idx: 0 }, 'idx', once(3, 7.5));
      await log.writeAtomically([op]);
      expect(await log.getPromise()).toEqual(ballot);
      expect(await log.getCompactedIdx()).toBe(3);
    });
  });

  describe('appendEntry and appendEntries', () => {
    it('start at 0, and go on behind the highest live entry', async () => {
      const log = await given(
        (log) => log.appendEntry('a'),
        (log) => log.appendEntries(['b', 'c']),
        (log) => log.appendEntry('d'),
      );
      expect(await log.getEntries(0, 4)).toEqual(['a', 'b', 'c', 'd']);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c', 'd']);
    });

    it('return the log length', async () => {
      const log = await given();
      expect(await log.appendEntry('a')).toBe(1);
      expect(await log.appendEntries(['b', 'c'])).toBe(3);
      await log.setCompactedIdx(2);
      expect(await log.appendEntry('d')).toBe(2);
      await log.trim(4);
      expect(await log.appendEntry('c again')).toBe(1);
    });

    it('never land below the compaction floor', async () => {
      const log = await given((log) => log.setCompactedIdx(10));
      expect(await log.appendEntry('k')).toBe(1);
      expect(await log.getEntries(10, 11)).toEqual(['k']);
      expect(await log.getSuffix(0)).toEqual(['k']);
    });

    it('jump to a floor that was raised past the tail', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(5),
        (log) => log.appendEntries(['f', 'g']),
      );
      expect(await log.getEntries(5, 7)).toEqual(['f', 'g']);
      expect(await log.getLogLen()).toBe(2);
    });

    it('go on behind the highest live entry where the floor lies at it or below', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(2),
      );
      expect(await log.appendEntry('d')).toBe(2);
      await log.setCompactedIdx(4);
      expect(await log.appendEntry('e')).toBe(1);
      expect(await log.getEntries(0, 5)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('with nothing to append change nothing', async () => {
      const log = await abc();
      expect(await log.appendEntries([])).toBe(3);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c']);
      expect(await log.getBounds()).toEqual({ first: 0, next: 3 });
    });

    it('refuse an entry whose successor would be no index', async () => {
      const log = await given((log) => log.setCompactedIdx(LAST));
      await expectStorageError(() => log.appendEntries(['y', 'z']), 'INVALID_ARGUMENT', String(LAST));
      expect(await log.getLogLen()).toBe(0);
      expect(await log.appendEntry('z')).toBe(1);
      await expectStorageError(() => log.appendEntry('past the end'), 'INVALID_ARGUMENT', String(LAST + 1));
      expect(await log.getEntries(LAST, LAST + 1)).toEqual(['z']);
    });
  });

  describe('appendOnPrefix', () => {
    it('removes everything at or past fromIdx, then writes the entries from there', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd', 'e']),
        (log) => log.appendOnPrefix(2, ['C']),
      );
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'C']);
      expect(await log.getEntries(0, 3)).toEqual(['a', 'b', 'C']);
      expect(await log.getEntries(3, 4)).toEqual([]);
      expect(await log.getLogLen()).toBe(3);
    });

    it('returns the log length', async () => {
      const log = await abc();
      expect(await log.appendOnPrefix(1, ['B'])).toBe(2);
      expect(await log.appendOnPrefix(1, ['B', 'C', 'D', 'E'])).toBe(5);
      await log.setCompactedIdx(3);
      expect(await log.appendOnPrefix(4, ['e'])).toBe(2);
    });

    it('can write more than it removes', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(2, ['C', 'D', 'E']),
      );
      expect(await log.getEntries(0, 5)).toEqual(['a', 'b', 'C', 'D', 'E']);
    });

    it('at the tail appends', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(3, ['d']),
      );
      expect(await log.getEntries(0, 4)).toEqual(['a', 'b', 'c', 'd']);
    });

    it('at 0 replaces the whole log', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(0, ['A']),
      );
      expect(await log.getSuffix(0)).toEqual(['A']);
      expect(await log.getLogLen()).toBe(1);
    });

    it('with no entries cuts the log off', async () => {
      const log = await abc();
      expect(await log.appendOnPrefix(1, [])).toBe(1);
      expect(await log.getSuffix(0)).toEqual(['a']);
      expect(await log.appendEntry('B')).toBe(2);
      expect(await log.getEntries(0, 2)).toEqual(['a', 'B']);
    });

    it('with no entries at 0 empties the log', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(0, []),
      );
      expect(await log.getSuffix(0)).toEqual([]);
      expect(await log.getLogLen()).toBe(0);
      expect(await log.appendEntry('A')).toBe(1);
    });

    it('with no entries at or past the tail removes nothing, and the tail stays where it was', async () => {
      const log = await abc();
      expect(await log.appendOnPrefix(3, [])).toBe(3);
      expect(await log.appendOnPrefix(100, [])).toBe(3);
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'c']);
      expect(await log.appendEntry('d')).toBe(4);
      expect(await log.getEntries(3, 4)).toEqual(['d']);
    });

    it('past the tail leaves a gap', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.appendOnPrefix(4, ['e', 'f']),
      );
      expect(await log.getSuffix(0)).toEqual(['a', 'b', 'e', 'f']);
      expect(await log.getEntries(0, 6)).toEqual([]);
      expect(await log.getEntries(4, 6)).toEqual(['e', 'f']);
      expect(await log.getLogLen()).toBe(6);
    });

    it('below the floor writes where the caller says', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(10),
        (log) => log.appendOnPrefix(4, ['e', 'f']),
      );
      expect(await log.getEntries(4, 6)).toEqual(['e', 'f']);
      expect(await log.getLogLen()).toBe(0);
      expect(await log.getCompactedIdx()).toBe(10);
      expect(await log.appendEntry('k')).toBe(1);
      expect(await log.getEntries(10, 11)).toEqual(['k']);
    });

    it('below the floor removes everything past it as well', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(3),
        (log) => log.appendOnPrefix(1, ['B']),
      );
      expect(await log.getSuffix(0)).toEqual(['a', 'B']);
      expect(await log.getLogLen()).toBe(0);
    });

    it('below the floor and up to past it gives the length past the floor', async () => {
      const log = await given((log) => log.setCompactedIdx(5));
      expect(await log.appendOnPrefix(3, ['d', 'e', 'f', 'g'])).toBe(2);
      expect(await log.getEntries(3, 7)).toEqual(['d', 'e', 'f', 'g']);
    });

    it('refuses an entry whose successor would be no index, and removes nothing', async () => {
      const log = await abc();
      await expectStorageError(() => log.appendOnPrefix(LAST + 1, ['z']), 'INVALID_ARGUMENT', String(LAST + 1));
      await expectStorageError(() => log.appendOnPrefix(LAST, ['y', 'z']), 'INVALID_ARGUMENT', String(LAST));
      expect(await log.getLogLen()).toBe(3);
      expect(await log.appendOnPrefix(LAST, ['z'])).toBe(LAST + 1);
      expect(await log.getSuffix(2)).toEqual(['c', 'z']);
    });

    it('with 5,000 entries to remove removes them all', async () => {
      const log = await given(
        (log) => log.appendEntries(Array.from({ length: 5000 }, (_, i) => `entry ${i}`)),
        (log) => log.appendOnPrefix(3, ['last']),
      );
      expect(await log.getSuffix(0)).toEqual(['entry 0', 'entry 1', 'entry 2', 'last']);
    });
  });
});
