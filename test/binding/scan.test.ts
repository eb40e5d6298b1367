import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, type Database, type Row, type ScanRange, WriteBatch } from '../../binding/index.js';
import { bytes, collect, puts, shown, temporaryDatabase } from '../support/temporary-database.js';

let db: Database;
let cf: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log'] });
  cf = db.columnFamily('default');
});

const ways: [string, (range?: ScanRange) => Promise<Row[]>][] = [
  ['scan', (range) => db.scan(cf, range)],
  ['scanSync', async (range) => db.scanSync(cf, range)],
  ['iterate', (range) => collect(db.iterate(cf, range))],
];

const b = bytes('b');
const d = bytes('d');
const bounds: [string, ScanRange | undefined, string][] = [
  ['no range', undefined, 'a b bb c d e'],
  ['an empty range object', {}, 'a b bb c d e'],
  ['gte', { gte: b }, 'b bb c d e'],
  ['gt', { gt: b }, 'bb c d e'],
  ['lte', { lte: d }, 'a b bb c d'],
  ['lt', { lt: d }, 'a b bb c'],
  ['gte and lt', { gte: b, lt: d }, 'b bb c'],
  ['gte and lte', { gte: b, lte: d }, 'b bb c d'],
  ['gt and lt', { gt: b, lt: d }, 'bb c'],
  ['gt and lte', { gt: b, lte: d }, 'bb c d'],
  ['bounds between the keys', { gt: bytes('ba'), lt: bytes('cc') }, 'bb c'],
  ['one key', { gte: b, lte: b }, 'b'],
  ['gt and lt one key apart', { gt: b, lt: bytes('b\0') }, ''],
  ['gt of a key whose successor is there', { gt: b, lte: bytes('bb') }, 'bb'],
  ['equal bounds', { gte: b, lt: b }, ''],
  ['crossed bounds', { gte: d, lt: b }, ''],
  ['crossed and inclusive', { gte: d, lte: b }, ''],
  ['nothing below', { lt: bytes('a') }, ''],
  ['nothing above', { gt: bytes('e') }, ''],
  ['lt the empty key', { lt: bytes('') }, ''],
  ['lte the empty key', { lte: bytes('') }, ''],
  ['gte the empty key', { gte: bytes('') }, 'a b bb c d e'],
  ['gt the empty key', { gt: bytes('') }, 'a b bb c d e'],
  ['the narrower of gte and gt', { gte: b, gt: bytes('c') }, 'd e'],
  ['the narrower of gt and gte', { gt: b, gte: bytes('c') }, 'c d e'],
  ['gte and gt of one key', { gte: b, gt: b }, 'bb c d e'],
  ['the narrower of lte and lt', { lte: d, lt: bytes('c') }, 'a b bb'],
  ['lte and lt of one key', { lte: d, lt: d }, 'a b bb c'],
  ['absent options', { gte: undefined, limit: undefined, reverse: undefined } as never, 'a b bb c d e'],
];

describe.each(ways)('%s', (_, read) => {
  const keys = async (range?: ScanRange) => (await read(range)).map(({ key }) => key.toString('latin1')).join(' ');

  describe('bounds', () => {
    beforeEach(() => db.write(puts(cf, { a: '', b: '', bb: '', c: '', d: '', e: '' })));

    it.each(bounds)('%s', async (_, range, expected) => {
      expect(await keys(range)).toBe(expected);
      expect(await keys({ ...range, reverse: false })).toBe(expected);
      expect(await keys({ ...range, reverse: true })).toBe(expected.split(' ').reverse().join(' '));
    });

    it.each([0, 1, 2, 3, 6, 7, 1e9, Number.MAX_SAFE_INTEGER])('limit %d gives so many rows at most', async (limit) => {
      expect(await keys({ limit })).toBe('a b bb c d e'.split(' ').slice(0, limit).join(' '));
      expect(await keys({ limit, reverse: true })).toBe('e d c bb b a'.split(' ').slice(0, limit).join(' '));
      expect(await keys({ limit, gt: b })).toBe('bb c d e'.split(' ').slice(0, limit).join(' '));
    });

    it('reads the same after a flush, and from files and memory together', async () => {
      await db.flush();
      await db.write(puts(cf, { f: '' }).delete(cf, bytes('c')).deleteRange(cf, bytes('d'), bytes('e')));
      expect(await keys()).toBe('a b bb e f');
      expect(await keys({ reverse: true, gte: b, lte: bytes('f') })).toBe('f e bb b');
    });
  });

  it('stops after the row that reaches maxBytes', async () => {
    // Rows of 5 bytes.
    await db.write(puts(cf, { a: '1234', b: '1234', c: '1234', d: '1234' }));
    expect(await keys({ maxBytes: 1 })).toBe('a');
    expect(await keys({ maxBytes: 4 })).toBe('a');
    expect(await keys({ maxBytes: 5 })).toBe('a');
    expect(await keys({ maxBytes: 6 })).toBe('a b');
    expect(await keys({ maxBytes: 10 })).toBe('a b');
    expect(await keys({ maxBytes: 11 })).toBe('a b c');
    expect(await keys({ maxBytes: 20 })).toBe('a b c d');
    expect(await keys({ maxBytes: Number.MAX_SAFE_INTEGER })).toBe('a b c d');
    expect(await keys({ maxBytes: 6, reverse: true })).toBe('d c');
    expect(await keys({ maxBytes: 11, limit: 2 })).toBe('a b');
    expect(await keys({ maxBytes: 5, limit: 2 })).toBe('a');
  });

  it('stops at maxBytes among rows that have none: an empty key and an empty value count as nothing', async () => {
    await db.write(puts(cf, { '': '', a: '', b: '' }));
    expect(await keys({ maxBytes: 1 })).toBe(' a');
    expect(await keys({ maxBytes: 2 })).toBe(' a b');
  });

  it('gives empty keys and empty values', async () => {
    await db.write(puts(cf, { '': 'no key', k: '', l: 'v' }));
    expect(shown(await read())).toEqual(['=no key', 'k=', 'l=v']);
    expect(shown(await read({ lte: bytes('') }))).toEqual(['=no key']);
    expect(shown(await read({ gt: bytes('') }))).toEqual(['k=', 'l=v']);
  });

  it('orders keys by their bytes, unsigned', async () => {
    const ordered = ['\0', '\0\0', '\0\xff', '\x01', '\x7f', '\x80', '\xfe\xff', '\xff', '\xff\0', '\xff\xff'];
    await db.write(puts(cf, Object.fromEntries(ordered.map((key) => [key, 'v']).reverse())));
    expect((await read()).map(({ key }) => key.toString('latin1'))).toEqual(ordered);
    const above = await read({ gt: bytes('\x80'), lte: bytes('\xff\xff') });
    expect(above.map(({ key }) => key.toString('latin1'))).toEqual(ordered.slice(6));
  });

  it('gives rows of every size in one read', async () => {
    const sizes = [0, 1, 2, 3, 5, 1000, 65_535, 65_536, 300_001, 5 << 20];
    const batch = new WriteBatch();
    for (const [i, size] of sizes.entries()) batch.put(cf, Buffer.alloc(i + 1, i), Buffer.alloc(size, i));
    await db.write(batch);
    const rows = await read();
    expect(rows.map(({ value }) => value.length)).toEqual(sizes);
    rows.forEach(({ key, value }, i) => {
      expect(Buffer.isBuffer(key) && Buffer.isBuffer(value)).toBe(true);
      expect(key.equals(Buffer.alloc(i + 1, i))).toBe(true);
      expect(value.equals(Buffer.alloc(sizes[i] as number, i))).toBe(true);
    });
  });

  it('gives nothing from an empty column family', async () => {
    await db.write(puts(db.columnFamily('log'), { k: 'elsewhere' }));
    expect(await read()).toEqual([]);
    expect(await read({ reverse: true, gte: bytes('a'), limit: 5 })).toEqual([]);
  });

  it('gives 20,000 rows in either direction', async () => {
    const batch = new WriteBatch();
    const key = (i: number) => bytes(String(i).padStart(5, '0'));
    for (let i = 0; i < 20_000; i++) batch.put(cf, key(i), key(i));
    await db.write(batch);
    const forward = await read();
    expect(forward).toHaveLength(20_000);
    expect(forward.every((row, i) => row.key.equals(key(i)) && row.value.equals(key(i)))).toBe(true);
    const backward = await read({ reverse: true });
    expect(backward).toHaveLength(20_000);
    expect(backward.every((row, i) => row.key.equals(key(19_999 - i)))).toBe(true);
  });
});

describe('scan', () => {
  it('is all from one moment, while writes go on', async () => {
    const generation = (n: number) => {
      const batch = new WriteBatch();
      for (let i = 0; i < 200; i++) batch.put(cf, bytes(`k${i}`), bytes(String(n)));
      return batch;
    };
    await db.write(generation(0));
    let scanning = true;
    const writing = (async () => {
      for (let n = 1; scanning; n++) await db.write(generation(n));
    })();
    for (let round = 0; round < 100; round++) {
      const rows = await db.scan(cf);
      expect(rows).toHaveLength(200);
      expect(new Set(rows.map(({ value }) => value.toString())).size).toBe(1);
    }
    scanning = false;
    await writing;
  });
});
