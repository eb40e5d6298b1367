// Where an append lands, what it removes, and what it returns.

import assert from 'node:assert/strict';
import { type Contract, refuses } from './contract.js';
import { observe } from './observe.js';

const LAST = Number.MAX_SAFE_INTEGER - 1; // the highest index an entry can have: the one behind it must be an index too

export function appends({ describe, it, given }: Contract): void {
  const abc = () => given((log) => log.appendEntries(['a', 'b', 'c']));

  describe('appendEntry and appendEntries', () => {
    it('start at 0, and go on behind the highest live entry', async () => {
      const log = await given(
        (log) => log.appendEntry('a'),
        (log) => log.appendEntries(['b', 'c']),
        (log) => log.appendEntry('d'),
      );
      assert.deepEqual(await log.getEntries(0, 4), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c', 'd']);
    });

    it('return the log length', async () => {
      const log = await given();
      assert.equal(await log.appendEntry('a'), 1);
      assert.equal(await log.appendEntries(['b', 'c']), 3);
      await log.setCompactedIdx(2);
      assert.equal(await log.appendEntry('d'), 2);
      await log.trim(4);
      assert.equal(await log.appendEntry('c again'), 1);
    });

    it('never land below the compaction floor', async () => {
      const log = await given((log) => log.setCompactedIdx(10));
      assert.equal(await log.appendEntry('k'), 1);
      assert.deepEqual(await log.getEntries(10, 11), ['k']);
      assert.deepEqual(await log.getSuffix(0), ['k']);
    });

    it('jump to a floor that was raised past the tail', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(5),
        (log) => log.appendEntries(['f', 'g']),
      );
      assert.deepEqual(await log.getEntries(5, 7), ['f', 'g']);
      assert.equal(await log.getLogLen(), 2);
    });

    it('go on behind the highest live entry where the floor lies at it or below', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(2),
      );
      assert.equal(await log.appendEntry('d'), 2);
      await log.setCompactedIdx(4);
      assert.equal(await log.appendEntry('e'), 1);
      assert.deepEqual(await log.getEntries(0, 5), ['a', 'b', 'c', 'd', 'e']);
    });

    it('with nothing to append change nothing', async () => {
      const log = await abc();
      assert.equal(await log.appendEntries([]), 3);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c']);
      assert.deepEqual(await log.getBounds(), { first: 0, next: 3 });
    });

    it('refuse an entry whose successor would be no index', async () => {
      const log = await given((log) => log.setCompactedIdx(LAST));
      await refuses(() => log.appendEntries(['y', 'z']));
      assert.equal(await log.getLogLen(), 0);
      assert.equal(await log.appendEntry('z'), 1);
      await refuses(() => log.appendEntry('past the end'));
      assert.deepEqual(await log.getEntries(LAST, LAST + 1), ['z']);
    });
  });

  describe('appendOnPrefix', () => {
    it('removes everything at or past fromIdx, then writes the entries from there', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd', 'e']),
        (log) => log.appendOnPrefix(2, ['C']),
      );
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'C']);
      assert.deepEqual(await log.getEntries(0, 3), ['a', 'b', 'C']);
      assert.deepEqual(await log.getEntries(3, 4), []);
      assert.equal(await log.getLogLen(), 3);
    });

    it('returns the log length', async () => {
      const log = await abc();
      assert.equal(await log.appendOnPrefix(1, ['B']), 2);
      assert.equal(await log.appendOnPrefix(1, ['B', 'C', 'D', 'E']), 5);
      await log.setCompactedIdx(3);
      assert.equal(await log.appendOnPrefix(4, ['e']), 2);
    });

    it('can write more than it removes', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(2, ['C', 'D', 'E']),
      );
      assert.deepEqual(await log.getEntries(0, 5), ['a', 'b', 'C', 'D', 'E']);
    });

    it('at the tail appends', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(3, ['d']),
      );
      assert.deepEqual(await log.getEntries(0, 4), ['a', 'b', 'c', 'd']);
    });

    it('at 0 replaces the whole log', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(0, ['A']),
      );
      assert.deepEqual(await log.getSuffix(0), ['A']);
      assert.equal(await log.getLogLen(), 1);
    });

    it('with no entries cuts the log off', async () => {
      const log = await abc();
      assert.equal(await log.appendOnPrefix(1, []), 1);
      assert.deepEqual(await log.getSuffix(0), ['a']);
      assert.equal(await log.appendEntry('B'), 2);
      assert.deepEqual(await log.getEntries(0, 2), ['a', 'B']);
    });

    it('with no entries at 0 empties the log', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.appendOnPrefix(0, []),
      );
      assert.deepEqual(await log.getSuffix(0), []);
      assert.equal(await log.getLogLen(), 0);
      assert.equal(await log.appendEntry('A'), 1);
    });

    it('with no entries at or past the tail removes nothing, and the tail stays where it was', async () => {
      const log = await abc();
      assert.equal(await log.appendOnPrefix(3, []), 3);
      assert.equal(await log.appendOnPrefix(100, []), 3);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c']);
      assert.equal(await log.appendEntry('d'), 4);
      assert.deepEqual(await log.getEntries(3, 4), ['d']);
    });

    it('past the tail leaves a gap', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.appendOnPrefix(4, ['e', 'f']),
      );
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'e', 'f']);
      assert.deepEqual(await log.getEntries(0, 6), []);
      assert.deepEqual(await log.getEntries(4, 6), ['e', 'f']);
      assert.equal(await log.getLogLen(), 6);
    });

    it('below the floor writes where the caller says', async () => {
      const log = await given(
        (log) => log.setCompactedIdx(10),
        (log) => log.appendOnPrefix(4, ['e', 'f']),
      );
      assert.deepEqual(await log.getEntries(4, 6), ['e', 'f']);
      assert.equal(await log.getLogLen(), 0);
      assert.equal(await log.getCompactedIdx(), 10);
      assert.equal(await log.appendEntry('k'), 1);
      assert.deepEqual(await log.getEntries(10, 11), ['k']);
    });

    it('below the floor removes everything past it as well', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(3),
        (log) => log.appendOnPrefix(1, ['B']),
      );
      assert.deepEqual(await log.getSuffix(0), ['a', 'B']);
      assert.equal(await log.getLogLen(), 0);
    });

    it('below the floor and up to past it gives the length past the floor', async () => {
      const log = await given((log) => log.setCompactedIdx(5));
      assert.equal(await log.appendOnPrefix(3, ['d', 'e', 'f', 'g']), 2);
      assert.deepEqual(await log.getEntries(3, 7), ['d', 'e', 'f', 'g']);
    });

    it('refuses an entry whose successor would be no index, and removes nothing', async () => {
      const log = await abc();
      await refuses(() => log.appendOnPrefix(LAST + 1, ['z']));
      await refuses(() => log.appendOnPrefix(LAST, ['y', 'z']));
      assert.equal(await log.getLogLen(), 3);
      assert.equal(await log.appendOnPrefix(LAST, ['z']), LAST + 1);
      assert.deepEqual(await log.getSuffix(2), ['c', 'z']);
    });

    it('with 5,000 entries to remove removes them all', async () => {
      const log = await given(
        (log) => log.appendEntries(Array.from({ length: 5000 }, (_, i) => `entry ${i}`)),
        (log) => log.appendOnPrefix(3, ['last']),
      );
      assert.deepEqual(await log.getSuffix(0), ['entry 0', 'entry 1', 'entry 2', 'last']);
    });
  });

  describe('append', () => {
    it('returns the indices of what it appended', async () => {
      const log = await given((log) => log.append(['a', 'b']));
      assert.deepEqual(await log.append(['c']), { from: 2, to: 3 });
      assert.deepEqual(await log.append(['d', 'e']), { from: 3, to: 5 });
      assert.deepEqual(await log.getEntries(0, 5), ['a', 'b', 'c', 'd', 'e']);
    });

    it('of nothing tells where the next append lands', async () => {
      const log = await given(
        (log) => log.append(['a']),
        (log) => log.append([]),
      );
      assert.deepEqual(await log.append([]), { from: 1, to: 1 });
      assert.deepEqual(await log.append(['b']), { from: 1, to: 2 });
    });

    it('never lands below the floor, whatever the log length says', async () => {
      const log = await given((log) => log.setCompactedIdx(7));
      assert.deepEqual(await log.append(['h', 'i']), { from: 7, to: 9 });
      assert.equal(await log.getLogLen(), 2);
    });

    it('refuses what is no array, or has a hole, and changes nothing', async () => {
      const log = await given((log) => log.append(['a']));
      const before = await observe(log);
      for (const entries of ['b', undefined, ['b', undefined]] as unknown as unknown[][]) {
        await refuses(() => log.append(entries));
      }
      assert.deepEqual(await observe(log), before);
    });
  });
}
