// Iterating, reading up to a number of bytes, and ending a read by a signal.

import assert from 'node:assert/strict';
import { all } from './any-storage.js';
import { type Contract, failureOf, refuses } from './contract.js';

const letters = [...'abcdefghij'];
const entriesOfSizes = [1, 5, 0, 300, 17, 2, 900, 4].map((size) => 'x'.repeat(size));
const items = (from: number, to: number) => letters.slice(from, to).map((entry, i) => ({ index: from + i, entry }));

export function entries({ describe, it, given }: Contract): void {
  const log = () => given((log) => log.appendEntries(letters));

  describe('entries', () => {
    it('gives the live entries of [from, to) with their indices, one by one', async () => {
      const abc = await log();
      assert.deepEqual(await all(abc.entries(0)), items(0, 10));
      assert.deepEqual(await all(abc.entries(3, 6)), items(3, 6));
      assert.deepEqual(await all(abc.entries(8, 100)), items(8, 10));
      for (const empty of [abc.entries(10), abc.entries(6, 3), abc.entries(4, 4)])
        assert.deepEqual(await all(empty), []);
    });

    it('passes over what is missing: a gap, and what was trimmed', async () => {
      const abc = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(1),
        (log) => log.setCompactedIdx(2 ** 40),
        (log) => log.appendEntries(['x']),
      );
      assert.deepEqual(await all(abc.entries(0, undefined, { maxBytes: 1 })), [
        { index: 1, entry: 'b' },
        { index: 2, entry: 'c' },
        { index: 2 ** 40, entry: 'x' },
      ]);
    });

    it('ends where the log ended at the first next(), and may be left early', async () => {
      const abc = await log();
      const iterator = abc.entries(7, undefined, { maxBytes: 1 });
      assert.deepEqual((await iterator.next()).value, { index: 7, entry: 'h' });
      await abc.appendEntries(['later']);
      assert.deepEqual(await all(iterator), items(8, 10));
      for await (const { entry } of abc.entries(0)) if (entry === 'c') break;
      assert.equal(await abc.appendEntry('fit for use'), 12);
    });

    it('does not give what is removed before it is reached', async () => {
      const abc = await log();
      const iterator = abc.entries(0, undefined, { maxBytes: 1 });
      assert.deepEqual((await iterator.next()).value, { index: 0, entry: 'a' });
      await abc.trim(6);
      await abc.appendOnPrefix(8, ['I']);
      const rest = await all(iterator);
      assert.deepEqual(
        rest.filter(({ index }) => index > 1),
        [...items(6, 8), { index: 8, entry: 'I' }],
      );
    });

    it('gives the same in parts of any size', async () => {
      const log = await given((log) => log.appendEntries(entriesOfSizes));
      for (const maxBytes of [1, 2, 3, 8, 20, 100, 500, 1000, 10_000]) {
        const found = await all(log.entries(0, undefined, { maxBytes }));
        assert.deepEqual(
          found,
          entriesOfSizes.map((entry, index) => ({ index, entry })),
        );
      }
    });

    it('refuses bad arguments at the call', async () => {
      const abc = await log();
      for (const call of [
        () => abc.entries(-1),
        () => abc.entries(0, 1.5),
        () => abc.entries(0, 1, { maxBytes: 0 }),
        () => abc.entries(0, 1, { signal: 'stop' } as never),
        () => abc.entries(0, 1, { limit: 5 } as never),
      ]) {
        await refuses(call);
      }
    });

    it('ends with the reason of its signal', async () => {
      const abc = await log();
      const stop = new AbortController();
      const seen: unknown[] = [];
      const failure = await failureOf(async () => {
        for await (const { index } of abc.entries(0, undefined, { maxBytes: 1, signal: stop.signal })) {
          seen.push(index);
          if (index === 3) stop.abort(new Error('enough'));
        }
      });
      assert.equal(failure.message, 'enough');
      assert.deepEqual(seen, [0, 1, 2, 3]);
    });

    for (const last of [0, 3, 9]) {
      it(`ends so behind entry ${last}, although it may have read more`, async () => {
        const abc = await log();
        const stop = new AbortController();
        const seen: number[] = [];
        const failure = await failureOf(async () => {
          for await (const { index } of abc.entries(0, undefined, { signal: stop.signal })) {
            seen.push(index);
            if (index === last) stop.abort(new Error('enough'));
          }
        });
        assert.equal(failure.message, 'enough');
        assert.equal(seen.length, last + 1);
      });
    }
  });

  describe('getEntries with maxBytes', () => {
    it('is a prefix of getEntries, and longer the more bytes there may be', async () => {
      const log = await given((log) => log.appendEntries(entriesOfSizes));
      const end = entriesOfSizes.length;
      assert.deepEqual(await log.getEntries(0, end, { maxBytes: 1 }), entriesOfSizes.slice(0, 1));
      assert.deepEqual(await log.getEntries(0, end, { maxBytes: 10 ** 9 }), entriesOfSizes);
      let before = 1;
      for (const maxBytes of [2, 10, 100, 300, 500, 1000]) {
        // How many bytes an entry has is up to the storage.
        const found = await log.getEntries(0, end, { maxBytes });
        assert.deepEqual(found, entriesOfSizes.slice(0, found.length));
        assert.ok(found.length >= before, `${found.length} entries with maxBytes ${maxBytes}, ${before} with fewer`);
        before = found.length;
      }
    });

    it('and every read refuses options that there are not, and ends by a signal', async () => {
      const abc = await log();
      const stopped = AbortSignal.abort(new Error('enough'));
      await refuses(() => abc.getEntries(0, 1, { maxBytes: -1 }));
      await refuses(() => abc.getSuffix(0, { maxBytes: 1 } as never));
      assert.equal((await failureOf(() => abc.getEntries(0, 1, { signal: stopped }))).message, 'enough');
      assert.equal((await failureOf(() => abc.getSuffix(0, { signal: stopped }))).message, 'enough');
      assert.deepEqual(await abc.getSuffix(8), ['i', 'j']);
    });
  });
}
