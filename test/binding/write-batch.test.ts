import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { expectInvalidArgument, failureOf } from '../support/failures.js';
import { bytes, puts, shown, temporaryDatabase } from '../support/temporary-database.js';

let db: Database;
let cf: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log'] });
  cf = db.columnFamily('default');
});

describe('WriteBatch', () => {
  it('counts records, and their bytes', () => {
    const batch = new WriteBatch();
    expect([batch.count, batch.byteLength]).toEqual([0, 0]);
    batch.put(cf, bytes('key'), bytes('value'));
    expect([batch.count, batch.byteLength]).toEqual([1, 13 + 8]);
    batch.delete(cf, bytes('key'));
    expect([batch.count, batch.byteLength]).toEqual([2, 26 + 11]);
    batch.deleteRange(cf, bytes('a'), bytes('bc'));
    expect([batch.count, batch.byteLength]).toEqual([3, 39 + 14]);
    batch.put(cf, bytes(''), bytes(''));
    expect([batch.count, batch.byteLength]).toEqual([4, 52 + 14]);
  });

  it('gives itself back, so that calls can be chained', () => {
    const batch = new WriteBatch();
    expect(batch.put(cf, bytes('a'), bytes('1'))).toBe(batch);
    expect(batch.delete(cf, bytes('a'))).toBe(batch);
    expect(batch.deleteRange(cf, bytes('a'), bytes('b'))).toBe(batch);
    expect(batch.clear()).toBe(batch);
  });

  it('is empty after clear, and can be filled again', async () => {
    const batch = puts(cf, { a: '1', b: '2' }).clear();
    expect([batch.count, batch.byteLength]).toEqual([0, 0]);
    await db.write(batch);
    expect(db.scanSync(cf)).toEqual([]);
    await db.write(batch.put(cf, bytes('c'), bytes('3')));
    expect(shown(db.scanSync(cf))).toEqual(['c=3']);
  });

  it('holds records of one database, until it is cleared', async () => {
    const other = await temporaryDatabase();
    const foreign = other.columnFamily('default');
    const batch = puts(cf, { a: '1' });
    await expectInvalidArgument(() => batch.put(foreign, bytes('b'), bytes('2')), db.path, other.path);
    await expectInvalidArgument(() => batch.delete(foreign, bytes('b')), db.path, other.path);
    await expectInvalidArgument(() => batch.deleteRange(foreign, bytes('b'), bytes('c')), db.path, other.path);
    expect([batch.count, batch.byteLength]).toEqual([1, 15]);
    await other.write(batch.clear().put(foreign, bytes('b'), bytes('2')));
    expect(shown(other.scanSync(foreign))).toEqual(['b=2']);
    await expectInvalidArgument(() => db.write(batch), db.path, other.path);
  });

  it('refuses a range that ends before it starts', async () => {
    const batch = new WriteBatch();
    await expectInvalidArgument(() => batch.deleteRange(cf, bytes('b'), bytes('a')), 'to', 'from');
    await expectInvalidArgument(() => batch.deleteRange(cf, bytes('aa'), bytes('a')), 'to', 'from');
    await expectInvalidArgument(() => batch.deleteRange(cf, bytes('\xff'), bytes('\x01')), 'to', 'from');
    expect(batch.count).toBe(0);
  });

  it('is as it was after a record that was refused', async () => {
    const batch = puts(cf, { a: '1' });
    await failureOf(() => batch.put(cf, bytes('b'), 'text' as never));
    await failureOf(() => batch.put({} as never, bytes('b'), bytes('2')));
    await failureOf(() => batch.deleteRange(cf, bytes('b'), bytes('a')));
    expect([batch.count, batch.byteLength]).toEqual([1, 15]);
    await db.write(batch);
    expect(shown(db.scanSync(cf))).toEqual(['a=1']);
  });

  it('refuses to pass 2 GiB, and stays as it was', async () => {
    const huge = new Uint8Array(2 ** 31 - 1);
    const batch = puts(cf, { a: '1' });
    await expectInvalidArgument(() => batch.put(cf, bytes('k'), huge), String(2 ** 31 - 1));
    await expectInvalidArgument(() => batch.put(cf, huge, bytes('v')), String(2 ** 31 - 1));
    expect([batch.count, batch.byteLength]).toEqual([1, 15]);
    await db.write(batch);
    expect(shown(db.scanSync(cf))).toEqual(['a=1']);
  });

  it('still belongs to no database after a refusal of its first record', async () => {
    const other = await temporaryDatabase();
    const batch = new WriteBatch();
    const large = new Uint8Array(2 ** 31 - 14);
    await expectInvalidArgument(() => batch.put(cf, bytes('k'), large), '2147483648');
    batch.put(other.columnFamily('default'), bytes('a'), bytes('1'));
    await other.write(batch);
    expect(shown(other.scanSync(other.columnFamily('default')))).toEqual(['a=1']);
  });

  it('grows as it must: 100,000 records in one batch', async () => {
    const batch = new WriteBatch();
    const key = (i: number) => bytes(String(i).padStart(6, '0'));
    for (let i = 0; i < 100_000; i++) batch.put(cf, key(i), key(99_999 - i));
    expect([batch.count, batch.byteLength]).toEqual([100_000, 100_000 * 25]);
    await db.write(batch);
    const rows = db.scanSync(cf);
    expect(rows).toHaveLength(100_000);
    expect(rows.every((row, i) => row.key.equals(key(i)) && row.value.equals(key(99_999 - i)))).toBe(true);
  });

  it('takes no more memory than it holds for each write that waits', async () => {
    const queue = await temporaryDatabase({ maxQueuedBytes: 1 });
    const family = queue.columnFamily('default');
    const before = process.memoryUsage().arrayBuffers;
    const batch = new WriteBatch();
    const written = Array.from({ length: 30 }, (_, i) => queue.write(batch.put(family, bytes(`${i}`), bytes('value'))));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    await Promise.all(written);
    expect(await queue.scan(family)).toHaveLength(30);
  });

  it('may change while it is being written: what was written is what it held at the call', async () => {
    const batch = puts(cf, { a: '1' });
    const first = db.write(batch, { sync: true });
    batch.put(cf, bytes('b'), bytes('2'));
    const second = db.write(batch);
    batch.clear().put(cf, bytes('c'), bytes('3'));
    await Promise.all([first, second]);
    expect(shown(db.scanSync(cf))).toEqual(['a=1', 'b=2']);
  });
});
