import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { runChild } from '../support/child.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, openAt, puts, shown, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let db: Database;
let cf: ColumnFamily;
let log: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log'] });
  cf = db.columnFamily('default');
  log = db.columnFamily('log');
});

const fsyncs = () => Number(db.property('rocksdb.dbstats/db.wal_syncs'));

describe.each([
  ['get', (key: Uint8Array) => db.get(cf, key)],
  ['getSync', async (key: Uint8Array) => db.getSync(cf, key)],
])('%s', (_, get) => {
  it('gives undefined for a key that is not there', async () => {
    expect(await get(bytes('absent'))).toBeUndefined();
    expect(await get(bytes(''))).toBeUndefined();
  });

  it('tells an empty value from none', async () => {
    await db.write(puts(cf, { k: '' }));
    const value = await get(bytes('k'));
    expect(Buffer.isBuffer(value)).toBe(true);
    expect(value).toHaveLength(0);
  });

  it('takes the empty key, and keys and values of any bytes', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const batch = new WriteBatch().put(cf, bytes(''), bytes('empty')).put(cf, all, all.toReversed());
    await db.write(batch.put(cf, bytes('\0'), bytes('\0')).put(cf, bytes('\xff\xff'), bytes('\xff')));
    expect(await get(bytes(''))).toEqual(bytes('empty'));
    expect(await get(all)).toEqual(Buffer.from(all.toReversed()));
    expect(await get(bytes('\0'))).toEqual(bytes('\0'));
    expect(await get(bytes('\xff\xff'))).toEqual(bytes('\xff'));
    expect(await get(bytes('\xff'))).toBeUndefined();
  });

  it.each([1, 65_535, 65_536, 65_537, 1 << 20, 20 << 20])('gives a value of %i bytes back whole', async (length) => {
    const value = Buffer.alloc(length, 'the log ');
    await db.write(new WriteBatch().put(cf, bytes('k'), value));
    const read = await get(bytes('k'));
    expect(Buffer.isBuffer(read)).toBe(true);
    expect(value.equals(read as Buffer)).toBe(true);
  });

  it('gives a buffer of its own: changing it changes nothing else', async () => {
    await db.write(new WriteBatch().put(cf, bytes('k'), Buffer.alloc(100_000, 1)));
    const first = (await get(bytes('k'))) as Buffer;
    first.fill(0);
    expect((await get(bytes('k')))?.equals(Buffer.alloc(100_000, 1))).toBe(true);
  });
});

describe.each([
  ['write', (batch: WriteBatch, options?: { sync?: boolean }) => db.write(batch, options)],
  ['writeSync', async (batch: WriteBatch, options?: { sync?: boolean }) => db.writeSync(batch, options)],
])('%s', (method, write) => {
  it('applies the records of a batch in their order', async () => {
    const batch = puts(cf, { a: '1', b: '1', c: '1', d: '1' });
    batch.put(cf, bytes('a'), bytes('2')).delete(cf, bytes('b')).deleteRange(cf, bytes('c'), bytes('d'));
    batch.put(cf, bytes('cc'), bytes('after the range'));
    expect(await write(batch)).toBeUndefined();
    expect(shown(db.scanSync(cf))).toEqual(['a=2', 'cc=after the range', 'd=1']);
  });

  it('removes [from, to) and nothing beside it', async () => {
    await write(puts(cf, { a: '', b: '', bb: '', c: '', cc: '' }));
    await write(new WriteBatch().deleteRange(cf, bytes('b'), bytes('c')));
    expect(shown(db.scanSync(cf))).toEqual(['a=', 'c=', 'cc=']);
    await write(new WriteBatch().deleteRange(cf, bytes('a'), bytes('a')));
    expect(shown(db.scanSync(cf))).toEqual(['a=', 'c=', 'cc=']);
    await write(new WriteBatch().deleteRange(cf, bytes(''), bytes('cb')));
    expect(shown(db.scanSync(cf))).toEqual(['cc=']);
  });

  it('deletes a key that is not there without a word', async () => {
    await write(new WriteBatch().delete(cf, bytes('absent')));
    expect(db.scanSync(cf)).toEqual([]);
  });

  it('writes to several column families at once', async () => {
    await write(puts(cf, { k: 'default' }).put(log, bytes('k'), bytes('log')).put(cf, bytes('l'), bytes('default')));
    expect(shown(db.scanSync(cf))).toEqual(['k=default', 'l=default']);
    expect(shown(db.scanSync(log))).toEqual(['k=log']);
  });

  it('takes an empty batch, synced or not', async () => {
    await write(new WriteBatch());
    await write(new WriteBatch(), { sync: true });
    await write(new WriteBatch(), {});
    expect(db.scanSync(cf)).toEqual([]);
  });

  it('is all or nothing: one record that is refused refuses all', async () => {
    const batch = puts(cf, { a: '1' }).put(log, bytes('b'), bytes('1')).put(cf, bytes('c'), bytes('1'));
    await db.dropColumnFamily('log');
    await expectRocksError(() => write(batch), 'COLUMN_FAMILY_NOT_FOUND', 'write');
    await db.close();
    const again = await openAt(db.path);
    expect(again.scanSync(again.columnFamily('default'))).toEqual([]);
  });

  it('fsyncs the WAL with sync: true and only then', async () => {
    const before = fsyncs();
    for (let i = 0; i < 5; i++) await write(puts(cf, { k: String(i) }));
    expect(fsyncs()).toBe(before);
    for (let i = 0; i < 5; i++) await write(puts(cf, { k: String(i) }), { sync: true });
    expect(fsyncs()).toBe(before + 5);
    await write(puts(cf, { k: '' }), { sync: false });
    expect(fsyncs()).toBe(before + 5);
  });

  it('can write one batch twice, and again after it grew', async () => {
    const batch = puts(cf, { a: '1' });
    await write(batch);
    await write(puts(cf, { a: '0' }));
    await write(batch);
    await write(batch.put(cf, bytes('b'), bytes('2')));
    expect(shown(db.scanSync(cf))).toEqual(['a=1', 'b=2']);
  });

  it('keeps what was written over a reopen', async () => {
    await write(puts(cf, { a: '1' }));
    await write(puts(log, { b: '2' }), { sync: true });
    await db.close();
    const again = await openAt(db.path);
    expect(shown(again.scanSync(again.columnFamily('default')))).toEqual(['a=1']);
    expect(shown(again.scanSync(again.columnFamily('log')))).toEqual(['b=2']);
  });

  it('keeps what was written when the process is killed', async () => {
    const path = join(temporaryFolder(), 'db');
    const child = await runChild('write-and-die.mjs', [path, method]);
    expect(child).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    const again = await openAt(path);
    expect(shown(again.scanSync(again.columnFamily('default')))).toEqual(['k0=v', 'k1=v', 'k2=v']);
  });
});

describe('the order of writes', () => {
  it('is that of the calls, blocking and asynchronous ones alike', async () => {
    for (let round = 0; round < 20; round++) {
      const pending = [db.write(puts(cf, { k: 'a' }), { sync: true }), db.write(puts(cf, { k: 'b' }))];
      db.writeSync(puts(cf, { k: 'c' }));
      expect(db.getSync(cf, bytes('k'))).toEqual(bytes('c'));
      pending.push(db.write(puts(cf, { k: 'd' })));
      db.writeSync(new WriteBatch().delete(cf, bytes('k')), { sync: true });
      expect(db.getSync(cf, bytes('k'))).toBeUndefined();
      await Promise.all(pending);
      expect(db.getSync(cf, bytes('k'))).toBeUndefined();
    }
  });

  it('settles asynchronous writes in the order of the calls', async () => {
    const settled: number[] = [];
    const calls = Array.from({ length: 300 }, (_, i) =>
      db.write(puts(cf, { k: String(i) }), { sync: i % 7 === 0 }).then(() => settled.push(i)),
    );
    await Promise.all(calls);
    expect(settled).toEqual(calls.map((_, i) => i));
    expect(db.getSync(cf, bytes('k'))).toEqual(bytes('299'));
  });
});

describe('group commit', () => {
  it('spends fewer fsyncs than there are writes that wait', async () => {
    const before = fsyncs();
    await Promise.all(Array.from({ length: 500 }, (_, i) => db.write(puts(cf, { [`k${i}`]: 'v' }), { sync: true })));
    expect(fsyncs() - before).toBeGreaterThan(0);
    expect(fsyncs() - before).toBeLessThan(100);
    expect(db.scanSync(cf)).toHaveLength(500);
  });

  it('is synced where any of its writes asks', async () => {
    const before = fsyncs();
    await Promise.all(Array.from({ length: 50 }, (_, i) => db.write(puts(cf, { [`k${i}`]: 'v' }), { sync: i === 25 })));
    expect(fsyncs() - before).toBe(1);
  });

  it('a batch that is refused harms no other of its group', async () => {
    const doomed = await db.createColumnFamily('doomed');
    await db.dropColumnFamily('doomed');
    const calls = Array.from({ length: 90 }, (_, i) => {
      if (i % 3 !== 1) return db.write(puts(cf, { [`k${i}`]: 'v' }), { sync: true });
      return db.write(puts(cf, { [`refused${i}`]: 'v' }).put(doomed, bytes('k'), bytes('v')), { sync: true });
    });
    const outcomes = await Promise.allSettled(calls);
    outcomes.forEach((outcome, i) => {
      if (i % 3 !== 1) expect(outcome.status).toBe('fulfilled');
      else expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'COLUMN_FAMILY_NOT_FOUND' } });
    });
    const keys = db.scanSync(cf).map(({ key }) => key.toString());
    expect(keys).toEqual(outcomes.flatMap((_, i) => (i % 3 === 1 ? [] : [`k${i}`])).sort());
  });

  it('takes large batches and small ones together', async () => {
    const large = Buffer.alloc(4 << 20, 7);
    await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        db.write(new WriteBatch().put(cf, bytes(`k${i}`), i % 3 === 0 ? large : bytes('small')), { sync: true }),
      ),
    );
    for (let i = 0; i < 24; i++) {
      expect(db.getSync(cf, bytes(`k${i}`))?.equals(i % 3 === 0 ? large : bytes('small'))).toBe(true);
    }
  });
});
