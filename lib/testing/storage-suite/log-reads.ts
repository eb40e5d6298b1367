// What a read of a range gives, and what the log says of its own extent.

import assert from 'node:assert/strict';
import type { Contract } from './contract.js';

export function logReads({ describe, it, given }: Contract): void {
  const abc = () => given((log) => log.appendEntries(['a', 'b', 'c']));

  describe('getEntries', () => {
    it('gives all of [from, to)', async () => {
      const log = await abc();
      assert.deepEqual(await log.getEntries(0, 3), ['a', 'b', 'c']);
      assert.deepEqual(await log.getEntries(0, 1), ['a']);
      assert.deepEqual(await log.getEntries(1, 2), ['b']);
      assert.deepEqual(await log.getEntries(1, 3), ['b', 'c']);
    });

    it('returns nothing of a log that was never written', async () => {
      const log = await given();
      assert.deepEqual(await log.getEntries(0, 1), []);
    });

    it('returns nothing for an empty range, and for one that ends before it starts', async () => {
      const log = await abc();
      assert.deepEqual(await log.getEntries(1, 1), []);
      assert.deepEqual(await log.getEntries(2, 1), []);
      assert.deepEqual(await log.getEntries(3, 3), []);
    });

    it('returns nothing when the range goes past the tail, never a part', async () => {
      const log = await abc();
      assert.deepEqual(await log.getEntries(0, 4), []);
      assert.deepEqual(await log.getEntries(2, 4), []);
      assert.deepEqual(await log.getEntries(3, 4), []);
      assert.deepEqual(await log.getEntries(0, Number.MAX_SAFE_INTEGER), []);
    });

    it('returns nothing when the range starts below what was trimmed, never a shift', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(1),
      );
      assert.deepEqual(await log.getEntries(0, 1), []);
      assert.deepEqual(await log.getEntries(0, 2), []);
      assert.deepEqual(await log.getEntries(0, 3), []);
      assert.deepEqual(await log.getEntries(1, 3), ['b', 'c']);
    });

    it('returns nothing when any index in the range is missing', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(4),
        (log) => log.appendEntries(['e', 'f']),
      );
      assert.deepEqual(await log.getEntries(0, 6), []);
      assert.deepEqual(await log.getEntries(1, 5), []);
      assert.deepEqual(await log.getEntries(2, 4), []);
      assert.deepEqual(await log.getEntries(1, 3), []);
      assert.deepEqual(await log.getEntries(3, 5), []);
      assert.deepEqual(await log.getEntries(0, 2), ['a', 'b']);
      assert.deepEqual(await log.getEntries(4, 6), ['e', 'f']);
    });

    it('gives entries below the compaction floor for as long as they are not trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.setCompactedIdx(2),
      );
      assert.deepEqual(await log.getEntries(0, 3), ['a', 'b', 'c']);
    });

    it('gives a range of many megabytes whole', async () => {
      const text = 'x'.repeat(300_000);
      const entries = Array.from({ length: 40 }, (_, i) => `${i} ${text}`);
      entries[20] = 'y'.repeat(6_000_000);
      const log = await given((log) => log.appendEntries(entries));
      assert.deepEqual(await log.getEntries(0, 40), entries);
      assert.deepEqual(await log.getEntries(13, 39), entries.slice(13, 39));
      assert.deepEqual(await log.getEntries(13, 41), []);
      assert.deepEqual(await log.getSuffix(1), entries.slice(1));
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
      assert.deepEqual(await log.getEntries(254, 258), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await log.getEntries(2 ** 32 - 1, 2 ** 32 + 1), ['e', 'f']);
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c', 'd', 'e', 'f']);
    });
  });

  describe('getSuffix', () => {
    it('gives every live entry at or past from', async () => {
      const log = await abc();
      assert.deepEqual(await log.getSuffix(0), ['a', 'b', 'c']);
      assert.deepEqual(await log.getSuffix(1), ['b', 'c']);
      assert.deepEqual(await log.getSuffix(2), ['c']);
    });

    it('gives nothing past the tail, and nothing of an empty log', async () => {
      const log = await abc();
      assert.deepEqual(await log.getSuffix(3), []);
      assert.deepEqual(await log.getSuffix(Number.MAX_SAFE_INTEGER), []);
      assert.deepEqual(await (await given()).getSuffix(0), []);
    });

    it('starts at the lowest live entry where from was trimmed', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(2),
      );
      assert.deepEqual(await log.getSuffix(0), ['c']);
      assert.deepEqual(await log.getSuffix(1), ['c']);
    });

    it('passes over a gap', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(4),
        (log) => log.appendEntries(['e', 'f']),
      );
      assert.deepEqual(await log.getSuffix(1), ['b', 'e', 'f']);
      assert.deepEqual(await log.getSuffix(2), ['e', 'f']);
      assert.deepEqual(await log.getSuffix(3), ['e', 'f']);
      assert.deepEqual(await log.getSuffix(5), ['f']);
    });
  });

  describe('getLogLen', () => {
    it('is 0 for a log that was never written', async () => {
      assert.equal(await (await given()).getLogLen(), 0);
    });

    it('is the next index minus the compaction floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.setCompactedIdx(1),
      );
      assert.equal(await log.getLogLen(), 3);
    });

    it('is not changed by a trim that leaves entries', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c', 'd']),
        (log) => log.trim(3),
      );
      assert.equal(await log.getLogLen(), 4);
    });

    it('counts the gap', async () => {
      const log = await given((log) => log.appendOnPrefix(7, ['h']));
      assert.equal(await log.getLogLen(), 8);
    });

    it('is never below 0', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setCompactedIdx(10),
      );
      assert.equal(await log.getLogLen(), 0);
    });
  });

  describe('getBounds', () => {
    it('is [0, 0) for a log that was never written', async () => {
      assert.deepEqual(await (await given()).getBounds(), { first: 0, next: 0 });
    });

    it('is from the lowest live index to that of the next append, gaps included', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(1),
      );
      assert.deepEqual(await log.getBounds(), { first: 1, next: 3 });
      await log.setCompactedIdx(5);
      assert.deepEqual(await log.getBounds(), { first: 1, next: 5 });
      await log.appendEntry('f');
      assert.deepEqual(await log.getBounds(), { first: 1, next: 6 });
    });

    it('is empty, at the floor, where nothing is live', async () => {
      const log = await given((log) => log.setCompactedIdx(5));
      assert.deepEqual(await log.getBounds(), { first: 5, next: 5 });
    });
  });
}
