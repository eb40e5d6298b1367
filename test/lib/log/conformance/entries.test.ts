import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rawCodec } from '../../../../lib/format/raw-codec.js';
import { failureOf } from '../../../support/failures.js';
import { expectStorageError } from '../../../support/storage-failures.js';
import { STORAGES } from '../../../support/storages.js';

async function all<V>(items: Iterable<V> | AsyncIterable<V>): Promise<V[]> {
  const found: V[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const letters = [...'abcdefghij'];
const items = (from: number, to: number) => letters.slice(from, to).map((entry, i) => ({ index: from + i, entry }));

describe.each(STORAGES)('$name', ({ given, givenWith }) => {
  const log = () => given((log) => log.appendEntries(letters));

  describe('entries', () => {
    it('gives no entry more once the storage is closed, also where it was read ahead', async () => {
      const abc = await log();
      const [begun, atItsEnd, notBegun] = [abc.entries(0), abc.entries(9), abc.entries(0)];
      await begun.next();
      await atItsEnd.next();
      await abc.close();
      for (const iterator of [begun, atItsEnd, notBegun]) {
        await expectStorageError(async () => iterator.next(), 'CLOSED');
        expect(await iterator.next()).toMatchObject({ done: true });
      }
    });

    it('gives the live entries of [from, to) with their indices, one by one', async () => {
      const abc = await log();
      expect(await all(abc.entries(0))).toEqual(items(0, 10));
      expect(await all(abc.entries(3, 6))).toEqual(items(3, 6));
      expect(await all(abc.entries(8, 100))).toEqual(items(8, 10));
      for (const empty of [abc.entries(10), abc.entries(6, 3), abc.entries(4, 4)]) expect(await all(empty)).toEqual([]);
    });

    it('passes over what is missing: a gap, and what was trimmed', async () => {
      const abc = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) => log.trim(1),
        (log) => log.setCompactedIdx(2 ** 40),
        (log) => log.appendEntries(['x']),
      );
      expect(await all(abc.entries(0, undefined, { maxBytes: 1 }))).toEqual([
        { index: 1, entry: 'b' },
        { index: 2, entry: 'c' },
        { index: 2 ** 40, entry: 'x' },
      ]);
    });

    it('ends where the log ended at the first next(), and may be left early', async () => {
      const abc = await log();
      const iterator = abc.entries(7, undefined, { maxBytes: 1 });
      expect((await iterator.next()).value).toEqual({ index: 7, entry: 'h' });
      await abc.appendEntries(['later']);
      expect(await all(iterator)).toEqual(items(8, 10));
      for await (const { entry } of abc.entries(0)) if (entry === 'c') break;
      expect(await abc.appendEntry('fit for use')).toBe(12);
    });

    it('does not give what is removed before it is reached', async () => {
      const abc = await log();
      const iterator = abc.entries(0, undefined, { maxBytes: 1 });
      expect((await iterator.next()).value).toEqual({ index: 0, entry: 'a' });
      await abc.trim(6);
      await abc.appendOnPrefix(8, ['I']);
      const rest = await all(iterator);
      expect(rest.filter(({ index }) => index > 1)).toEqual([...items(6, 8), { index: 8, entry: 'I' }]);
    });

    it('gives the same in parts of any size', async () => {
      const sizes = [1, 5, 0, 300, 17, 2, 900, 4];
      const raw = await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (log) =>
        log.appendEntries(sizes.map((size) => Buffer.alloc(size, size))),
      );
      const whole = await raw.getSuffix(0);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 2000 }), async (maxBytes) => {
          expect((await all(raw.entries(0, undefined, { maxBytes }))).map(({ entry }) => entry)).toEqual(whole);
        }),
        { numRuns: 20 },
      );
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
        await expectStorageError(call, 'INVALID_ARGUMENT');
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
      expect(failure).toMatchObject({ message: 'enough' });
      expect(seen).toEqual([0, 1, 2, 3]);
    });

    it.each([0, 3, 9])('ends so behind entry %i, although it has read more', async (last) => {
      const abc = await log();
      const stop = new AbortController();
      const seen: number[] = [];
      const failure = await failureOf(async () => {
        for await (const { index } of abc.entries(0, undefined, { signal: stop.signal })) {
          seen.push(index);
          if (index === last) stop.abort(new Error('enough'));
        }
      });
      expect(failure).toMatchObject({ message: 'enough' });
      expect(seen).toHaveLength(last + 1);
    });
  });

  describe('getEntries with maxBytes', () => {
    it('is a prefix of getEntries, up to the entry that reaches them', async () => {
      const sizes = [10, 20, 30, 40];
      const raw = await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (log) =>
        log.appendEntries(sizes.map((size) => Buffer.alloc(size - 1))),
      );
      const lengths = async (maxBytes: number) =>
        (await raw.getEntries(0, 4, { maxBytes })).map(({ byteLength }) => byteLength + 1);
      expect(await lengths(1)).toEqual([10]);
      expect(await lengths(10)).toEqual([10]);
      expect(await lengths(11)).toEqual([10, 20]);
      expect(await lengths(60)).toEqual([10, 20, 30]);
      expect(await lengths(61)).toEqual(sizes);
      expect(await lengths(10 ** 9)).toEqual(sizes);
      expect(await raw.getEntries(0, 5, { maxBytes: 1 })).toEqual([]);
    });

    it('and every read refuses options that there are not, and ends by a signal', async () => {
      const abc = await log();
      const stopped = AbortSignal.abort(new Error('enough'));
      await expectStorageError(() => abc.getEntries(0, 1, { maxBytes: -1 }), 'INVALID_ARGUMENT', 'maxBytes');
      await expectStorageError(() => abc.getSuffix(0, { maxBytes: 1 } as never), 'INVALID_ARGUMENT', 'maxBytes');
      expect(await failureOf(() => abc.getEntries(0, 1, { signal: stopped }))).toMatchObject({ message: 'enough' });
      expect(await failureOf(() => abc.getSuffix(0, { signal: stopped }))).toMatchObject({ message: 'enough' });
      expect(await abc.getSuffix(8)).toEqual(['i', 'j']);
    });
  });
});
