// How many bytes an entry has: those of its codec and a version byte.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rawCodec } from '../../../../lib/format/raw-codec.js';
import { all } from '../../../../lib/testing/storage-suite/any-storage.js';
import { STORAGES } from '../../../support/storages.js';

/** Of an entry of one letter: its version byte, and MessagePack's two. */
const STORED_BYTES = 3;

describe.each(STORAGES)('$name', ({ given, givenWith }) => {
  describe('entries', () => {
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
  });

  describe('getEntries', () => {
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

    it('looks at what is missing up to the entry that reaches them', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.appendOnPrefix(5, ['f']),
      );
      expect(await log.getEntries(0, 6, { maxBytes: 2 * STORED_BYTES })).toEqual(['a', 'b']);
      expect(await log.getEntries(0, 6, { maxBytes: 2 * STORED_BYTES + 1 })).toEqual([]);
      expect(await log.getEntries(0, 7, { maxBytes: 1 })).toEqual([]); // that ends past the end
    });
  });
});
