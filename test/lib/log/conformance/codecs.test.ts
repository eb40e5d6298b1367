import { describe, expect, it } from '@jest/globals';
import type { Codec } from '../../../../lib/contract/codec.js';
import { rawCodec } from '../../../../lib/format/raw-codec.js';
import { expectStorageError } from '../../../support/storage-failures.js';
import { STORAGES } from '../../../support/storages.js';

/** Text, encoded into memory that is used again at the next call. */
function reusingCodec(): Codec<string> {
  const memory = Buffer.alloc(100);
  return {
    encode: (value) => memory.subarray(0, memory.write(value)),
    decode: (bytes) => Buffer.from(bytes).toString(),
  };
}

const decodingTo = (decode: () => unknown): Codec<unknown> => ({ encode: () => Uint8Array.of(7), decode });

describe.each(STORAGES)('$name', ({ givenWith }) => {
  it('encodes entries and snapshots each with its own codec', async () => {
    const log = await givenWith<Uint8Array, string>(
      { entryCodec: rawCodec, snapshotCodec: reusingCodec() },
      (log) => log.appendEntry(Buffer.from('abc')),
      (log) => log.setSnapshot('abc'),
    );
    expect(await log.getSuffix(0)).toEqual([Buffer.from('abc')]);
    expect(await log.getSnapshot()).toBe('abc');
  });

  it('takes the default codec for what it was given none for', async () => {
    const log = await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (log) => log.setSnapshot({ at: 1n }));
    expect(await log.getSnapshot()).toEqual({ at: 1n });
  });

  it('copies what a codec hands out before it asks again', async () => {
    const log = await givenWith({ entryCodec: reusingCodec() }, (log) => log.appendEntries(['first', 'second', '']));
    expect(await log.getEntries(0, 3)).toEqual(['first', 'second', '']);
  });

  it('refuses what is not encoded to bytes, and changes nothing', async () => {
    const log = await givenWith<string, string>(
      { entryCodec: { encode: (value) => value as unknown as Uint8Array, decode: String } },
      (log) => expectStorageError(() => log.appendEntry('text'), 'CODEC', 'index 0', 'Uint8Array'),
    );
    expect(await log.getLogLen()).toBe(0);
  });

  it('names the index and the part of an entry that cannot be encoded, and changes nothing', async () => {
    const log = await givenWith<unknown, unknown>({}, (log) => log.appendEntry('first'));
    const entries = ['second', { user: { tags: ['a', new Map()] } }];
    await expectStorageError(() => log.appendEntries(entries), 'CODEC', 'index 2', 'user.tags[1]', 'Map');
    expect(await log.getSuffix(0)).toEqual(['first']);
    expect(await log.appendEntry('second')).toBe(2);
  });

  it('stores an entry whose code writes to another log on the way', async () => {
    const other = await givenWith<unknown, unknown>({});
    const entry = {
      before: 'a',
      get noted() {
        other.appendEntry({ noted: 'x'.repeat(20_000), at: new Date(5) });
        return 'b';
      },
      after: new (class Noisy {
        toJSON() {
          other.appendEntries(['y', { constructor: 'z' }]);
          return new Set(['c']);
        }
      })(),
    };
    const log = await givenWith<unknown, unknown>({}, (log) => log.appendEntries([entry, 'last']));
    expect(await log.getSuffix(0)).toEqual([{ before: 'a', noted: 'b', after: new Set(['c']) }, 'last']);
    expect(await other.getSuffix(0)).toEqual([
      { noted: 'x'.repeat(20_000), at: new Date(5) },
      'y',
      { constructor: 'z' },
    ]);
  });

  it('refuses a wrong type of raw entry, with what it was', async () => {
    const log = await givenWith({ entryCodec: rawCodec });
    await expectStorageError(() => log.appendEntry('text' as unknown as Uint8Array), 'CODEC', 'index 0', "'text'");
    expect(await log.getSuffix(0)).toEqual([]);
  });

  it('reports what a codec cannot decode, with the key and its own error, and never leaves it out', async () => {
    const failure = new SyntaxError('no such thing');
    const broken = decodingTo(() => {
      throw failure;
    });
    const log = await givenWith<unknown, unknown>(
      { entryCodec: broken, snapshotCodec: broken },
      (log) => log.appendEntries([1, 2]),
      (log) => log.setSnapshot(3),
    );
    for (const read of [() => log.getEntries(0, 2), () => log.getSuffix(0)]) {
      const error = await expectStorageError(read, 'CODEC', '0x4c2f0000000000000000', 'no such thing');
      expect(error.cause).toBe(failure);
    }
    expect((await expectStorageError(() => log.getSnapshot(), 'CODEC', 'M/snapshot')).cause).toBe(failure);
  });

  it('reports what a codec decodes to undefined: undefined means that nothing is there', async () => {
    const nothing = decodingTo(() => undefined);
    const log = await givenWith<unknown, unknown>(
      { entryCodec: nothing, snapshotCodec: nothing },
      (log) => log.appendEntry(1),
      (log) => log.setSnapshot(3),
    );
    await expectStorageError(() => log.getSuffix(0), 'CODEC', 'undefined');
    await expectStorageError(() => log.getSnapshot(), 'CODEC', 'undefined');
  });
});
