// Bytes that come back are the caller's own, whatever he does with them.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rawCodec } from '../../../lib/index.js';
import { STORAGES } from '../../support/storages.js';

describe.each(STORAGES)('$name', ({ givenWith }) => {
  it('gives bytes of any length as they were, each in a place of its own', async () => {
    const lengths = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 4000, max: 4200 }), fc.constant(20_000)), {
      minLength: 1,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(lengths, async (all) => {
        const entries = all.map((length, i) => Buffer.alloc(length, i));
        const log = await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (storage) =>
          storage.appendEntries(entries),
        );
        const read = await log.getEntries(0, entries.length);
        expect(read).toEqual(entries);
        for (const [i, entry] of read.entries()) if (i % 2 === 0) entry.fill(255);
        expect(read.filter((_, i) => i % 2 === 1)).toEqual(entries.filter((_, i) => i % 2 === 1));
        expect(await log.getEntries(0, entries.length)).toEqual(entries);
      }),
      { numRuns: 5 },
    );
  });

  it('lets nobody take the memory of one away with that of another', async () => {
    const log = await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (storage) =>
      storage.appendEntries([Buffer.from('one'), Buffer.from('two')]),
    );
    const [one, two] = await log.getEntries(0, 2);
    try {
      structuredClone(one, { transfer: [one?.buffer as ArrayBuffer] });
    } catch {
      // It is refused.
    }
    expect(String(two)).toBe('two');
  });
});
