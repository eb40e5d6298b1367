import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../binding/crc32c.js';
import { loadAddon } from '../../binding/load-addon.js';

describe('crc32c', () => {
  // The check value of the CRC catalogue, and the examples of RFC 3720, B.4.
  it.each<[string, Uint8Array, number]>([
    ['nothing', Buffer.alloc(0), 0],
    ['"123456789"', Buffer.from('123456789'), 0xe3069283],
    ['32 bytes of zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 bytes that count up', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ])('of %s is what the standard says', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('goes on behind the bytes before', () => {
    expect(crc32c(Buffer.from('56789'), crc32c(Buffer.from('1234')))).toBe(0xe3069283);
  });

  it('refuses what is not bytes, or no u32', () => {
    const addon = loadAddon();
    for (const [bytes, initial] of [
      ['text', 0],
      [[1], 0],
      [undefined, 0],
      [Buffer.alloc(1), -1],
      [Buffer.alloc(1), 2 ** 32],
    ]) {
      expect(() => addon.crc32c(bytes as never, initial as never)).toThrow(/^(bytes|initial) must be /);
    }
  });
});
