import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StorageError } from '../../../lib/contract/storage-error.js';
import { readU64, showKey, writeU64 } from '../../../lib/format/keys.js';
import { LOG_END, LOG_START, logKey, META_KEYS, parseLogKey } from '../../../lib/format/log-keys.js';

const MAX = Number.MAX_SAFE_INTEGER;
const index = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(1000),
  fc.nat(1000).map((n) => 2 ** 32 - 500 + n),
);

describe('logKey', () => {
  // The format on disk: what is written here must be readable by every later release.
  it.each([
    [0, '4c2f0000000000000000'],
    [1, '4c2f0000000000000001'],
    [255, '4c2f00000000000000ff'],
    [256, '4c2f0000000000000100'],
    [2 ** 32 - 1, '4c2f00000000ffffffff'],
    [2 ** 32, '4c2f0000000100000000'],
    [MAX, '4c2f001fffffffffffff'],
  ])('of %d is "L/" and the index, u64 big-endian', (idx, hex) => {
    expect(logKey(idx).toString('hex')).toBe(hex);
  });

  it('sorts as its index does', () => {
    fc.assert(
      fc.property(index, index, (a, b) => {
        expect(Buffer.compare(logKey(a), logKey(b))).toBe(Math.sign(a - b));
      }),
    );
  });

  it('lies in [LOG_START, LOG_END), and no meta key does', () => {
    for (const idx of [0, 1, 2 ** 32, MAX]) {
      expect(Buffer.compare(LOG_START, logKey(idx))).toBe(-1);
      expect(Buffer.compare(logKey(idx), LOG_END)).toBe(-1);
    }
    for (const key of Object.values(META_KEYS)) expect(Buffer.compare(key, LOG_END)).toBe(1);
  });
});

describe('parseLogKey', () => {
  it('gives the index back', () => {
    fc.assert(fc.property(index, (idx) => expect(parseLogKey(logKey(idx))).toBe(idx)));
  });

  it.each(['4c2f', '4c2f00000000000000', '4c2f000000000000000000', '4c2f0020000000000000', '4c2fffffffffffffffff'])(
    'refuses %s, with the key in the message',
    (hex) => {
      const parse = () => parseLogKey(Buffer.from(hex, 'hex'));
      expect(parse).toThrow(StorageError);
      expect(parse).toThrow(expect.objectContaining({ code: 'LOG_INTEGRITY' }));
      expect(parse).toThrow(showKey(Buffer.from(hex, 'hex')));
    },
  );
});

describe('META_KEYS', () => {
  // The format on disk, too.
  it('are those of the design', () => {
    expect(Object.values(META_KEYS).map(String)).toEqual([
      'M/promise',
      'M/accepted_round',
      'M/decided_idx',
      'M/compacted_idx',
      'M/snapshot',
      'M/stopsign',
    ]);
  });
});

describe('showKey', () => {
  it.each([
    ['M/promise', '"M/promise"'],
    ['with "quotes"', '"with \\"quotes\\""'],
    ['', '""'],
    ['\n', '0x0a'],
    ['L/\0', '0x4c2f00'],
  ])('of %j is %s', (key, shown) => {
    expect(showKey(Buffer.from(key))).toBe(shown);
  });
});

describe('writeU64 and readU64', () => {
  it('are those of Buffer, for every index and at every place', () => {
    fc.assert(
      fc.property(index, fc.nat(9), (idx, at) => {
        const written = Buffer.alloc(20);
        writeU64(written, at, idx);
        expect(written.readBigUInt64BE(at)).toBe(BigInt(idx));
        expect(readU64(written, at)).toBe(idx);
        expect([...written.subarray(0, at), ...written.subarray(at + 8)].every((byte) => byte === 0)).toBe(true);
      }),
    );
  });

  it('read what is no safe integer as none', () => {
    for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      const stored = Buffer.alloc(8);
      stored.writeBigUInt64BE(value);
      expect(Number.isSafeInteger(readU64(stored, 0))).toBe(false);
    }
  });
});
