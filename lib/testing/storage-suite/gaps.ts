// Logs with indices missing between live ones. A storage that has just been opened may know the two ends of its log and not
// what lies between.

import assert from 'node:assert/strict';
import type { Contract, Step } from './contract.js';

/** Live: 0, 1, 5, 6, 10, 11. */
const withTwoGaps: Step[] = [
  (log) => log.appendEntries(['a', 'b']),
  (log) => log.appendOnPrefix(5, ['f', 'g']),
  (log) => log.setCompactedIdx(10),
  (log) => log.appendEntries(['k', 'l']),
  (log) => log.setCompactedIdx(0),
];

export function gaps({ describe, it, given }: Contract): void {
  describe('a log with gaps', () => {
    it('gives what is live, and no range with a missing index', async () => {
      const log = await given(...withTwoGaps);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'f', 'g', 'k', 'l']);
      assert.deepEqual(await log.getEntries(0, 2), ['a', 'b']);
      assert.deepEqual(await log.getEntries(5, 7), ['f', 'g']);
      assert.deepEqual(await log.getEntries(10, 12), ['k', 'l']);
      assert.deepEqual(await log.getEntries(0, 12), []);
      assert.deepEqual(await log.getEntries(1, 6), []);
      assert.deepEqual(await log.getEntries(6, 11), []);
      assert.deepEqual(await log.getBounds(), { first: 0, next: 12 });
    });

    it('gives what reaches maxBytes, whatever is missing behind it', async () => {
      const log = await given(...withTwoGaps);
      assert.deepEqual(await log.getEntries(0, 12, { maxBytes: 1 }), ['a']);
      assert.deepEqual(await log.getEntries(0, 12, { maxBytes: 10 ** 9 }), []);
      assert.deepEqual(await log.getEntries(6, 11, { maxBytes: 1 }), ['g']);
      for (const from of [2, 4, 7]) assert.deepEqual(await log.getEntries(from, 12, { maxBytes: 1 }), []);
    });

    it('goes on behind its highest entry', async () => {
      const log = await given(...withTwoGaps);
      assert.equal(await log.appendEntry('m'), 13);
      assert.deepEqual(await log.getEntries(10, 13), ['k', 'l', 'm']);
    });

    it('filled in is one range again', async () => {
      const log = await given(
        (log) => log.appendOnPrefix(2, ['c']),
        (log) => log.appendOnPrefix(0, ['a', 'b', 'c']),
      );
      assert.deepEqual(await log.getEntries(0, 3), ['a', 'b', 'c']);
    });
  });

  describe('appendOnPrefix back into a gap', () => {
    it('with no entries moves the tail down to the highest entry below the gap', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(9, []));
      assert.deepEqual(await log.getBounds(), { first: 0, next: 7 });
      assert.equal(await log.appendEntry('h'), 8);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'f', 'g', 'h']);
    });

    it('with no entries below the first gap moves the tail past every gap', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(3, []));
      assert.equal(await log.getLogLen(), 2);
      assert.equal(await log.appendEntry('c'), 3);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c']);
    });

    it('with no entries inside a range keeps what is below', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(6, []));
      assert.equal(await log.appendEntry('G'), 7);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'f', 'G']);
    });

    it('with no entries at the first index empties the log', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(0, []));
      assert.deepEqual(await log.getSuffix(0), []);
      assert.equal(await log.appendEntry('A'), 1);
    });

    it('with entries keeps the gap below them', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(8, ['i']));
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'f', 'g', 'i']);
      assert.deepEqual(await log.getEntries(5, 9), []);
      assert.deepEqual(await log.getEntries(8, 9), ['i']);
      assert.equal(await log.getLogLen(), 9);
    });

    it('with entries that reach over what was there replaces it', async () => {
      const log = await given(...withTwoGaps, (log) => log.appendOnPrefix(2, ['c', 'd', 'e', 'F']));
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c', 'd', 'e', 'F']);
      assert.deepEqual(await log.getEntries(0, 6), ['a', 'b', 'c', 'd', 'e', 'F']);
    });

    it('falls back to the floor where nothing is live below', async () => {
      const log = await given(
        (log) => log.appendOnPrefix(5, ['f', 'g']),
        (log) => log.setCompactedIdx(2),
        (log) => log.appendOnPrefix(4, []),
      );
      assert.equal(await log.appendEntry('c'), 1);
      assert.deepEqual(await log.getEntries(2, 3), ['c']);
    });
  });

  describe('trim into a gap', () => {
    it('leaves the lowest entry above the gap as the first', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(3));
      assert.deepEqual(await log.getBounds(), { first: 5, next: 12 });
      assert.deepEqual(await log.getSuffix(0), ['f', 'g', 'k', 'l']);
    });

    it('past two gaps leaves what is above', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(8));
      assert.deepEqual(await log.getBounds(), { first: 10, next: 12 });
      assert.deepEqual(await log.getSuffix(0), ['k', 'l']);
    });

    it('inside a range leaves its rest', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(6));
      assert.deepEqual(await log.getBounds(), { first: 6, next: 12 });
      assert.deepEqual(await log.getSuffix(0), ['g', 'k', 'l']);
    });

    it('past the tail empties the log', async () => {
      const log = await given(...withTwoGaps, (log) => log.trim(12));
      assert.deepEqual(await log.getSuffix(0), []);
      assert.equal(await log.getLogLen(), 0);
    });

    it('and a cut from above meet in the middle', async () => {
      const log = await given(
        ...withTwoGaps,
        (log) => log.trim(3),
        (log) => log.appendOnPrefix(9, []),
      );
      assert.deepEqual(await log.getBounds(), { first: 5, next: 7 });
      assert.deepEqual(await log.getSuffix(0), ['f', 'g']);
    });

    it('and a cut from above that leave nothing fall back to the floor', async () => {
      const log = await given(
        ...withTwoGaps,
        (log) => log.trim(7),
        (log) => log.appendOnPrefix(10, []),
      );
      assert.deepEqual(await log.getSuffix(0), []);
      assert.equal(await log.appendEntry('A'), 1);
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
      assert.deepEqual(await log.getSuffix(0), ['b', 'y', 'z']);
      assert.deepEqual(await log.getEntries(1, far + 1), []);
      assert.equal(await log.appendOnPrefix(far - 1, []), 2);
      assert.deepEqual(await log.getSuffix(0), ['b']);
    });
  });
}
