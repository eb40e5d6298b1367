import { describe, expect, it } from '@jest/globals';
import { STORAGES } from '../../../support/storages.js';

describe.each(STORAGES)('$name', ({ given }) => {
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
});
