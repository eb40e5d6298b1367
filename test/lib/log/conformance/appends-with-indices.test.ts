import { describe, expect, it } from '@jest/globals';
import { observe } from '../../../support/observe.js';
import { expectStorageError } from '../../../support/storage-failures.js';
import { STORAGES } from '../../../support/storages.js';

describe.each(STORAGES)('$name', ({ given }) => {
  describe('append', () => {
    it('returns the indices of what it appended', async () => {
      const log = await given((log) => log.append(['a', 'b']));
      expect(await log.append(['c'])).toEqual({ from: 2, to: 3 });
      expect(await log.append(['d', 'e'])).toEqual({ from: 3, to: 5 });
      expect(await log.getEntries(0, 5)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('of nothing tells where the next append lands', async () => {
      const log = await given(
        (log) => log.append(['a']),
        (log) => log.append([]),
      );
      expect(await log.append([])).toEqual({ from: 1, to: 1 });
      expect(await log.append(['b'])).toEqual({ from: 1, to: 2 });
    });

    it('never lands below the floor, whatever the log length says', async () => {
      const log = await given((log) => log.setCompactedIdx(7));
      expect(await log.append(['h', 'i'])).toEqual({ from: 7, to: 9 });
      expect(await log.getLogLen()).toBe(2);
    });

    it('refuses what is no array, or has a hole, and changes nothing', async () => {
      const log = await given((log) => log.append(['a']));
      const before = await observe(log);
      for (const entries of ['b', undefined, ['b', undefined]] as unknown as string[][]) {
        await expectStorageError(() => log.append(entries), 'INVALID_ARGUMENT', 'entries');
      }
      expect(await observe(log)).toEqual(before);
    });
  });
});
