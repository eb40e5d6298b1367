import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Database, WriteBatch } from '../../binding/index.js';
import { runChild } from '../support/child.js';
import { hasDiskShim, withFaults } from '../support/disk-shim.js';
import { expectInvalidArgument, expectRocksError } from '../support/failures.js';
import { bytes, collect, openAt, puts, shown, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('columnFamily', () => {
  it('gives the same handle each time, which knows its name and database', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = db.columnFamily('log');
    expect(log.name).toBe('log');
    expect(log.database).toBe(db);
    expect(db.columnFamily('log')).toBe(log);
  });

  it('refuses a name that is not there', async () => {
    const db = await temporaryDatabase();
    await expectRocksError(() => db.columnFamily('absent'), 'COLUMN_FAMILY_NOT_FOUND', 'absent', db.path);
  });

  it('keeps each key space to itself', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['a', 'b'] });
    const [a, b] = [db.columnFamily('a'), db.columnFamily('b')];
    await db.write(puts(a, { k: 'in a' }));
    expect(await db.get(b, bytes('k'))).toBeUndefined();
    expect(await db.get(db.columnFamily('default'), bytes('k'))).toBeUndefined();
    expect(await db.get(a, bytes('k'))).toEqual(bytes('in a'));
  });

  it('refuses the handle of another database', async () => {
    const [one, other] = [await temporaryDatabase(), await temporaryDatabase()];
    const foreign = other.columnFamily('default');
    await expectInvalidArgument(() => one.get(foreign, bytes('k')), one.path);
    await expectInvalidArgument(() => one.getSync(foreign, bytes('k')), one.path);
    await expectInvalidArgument(() => one.scan(foreign), one.path);
    await expectInvalidArgument(() => one.scanSync(foreign), one.path);
    await expectInvalidArgument(() => one.iterate(foreign), one.path);
    await expectInvalidArgument(() => one.compactRange(foreign), one.path);
    await expectInvalidArgument(() => one.property('rocksdb.stats', foreign), one.path);
    await expectInvalidArgument(() => one.write(puts(foreign, { k: 'v' })), one.path, other.path);
    await expectInvalidArgument(() => one.writeSync(puts(foreign, { k: 'v' })), one.path, other.path);
  });
});

describe('createColumnFamily', () => {
  it('creates one that is there at once, listed, and still there after a reopen', async () => {
    const db = await temporaryDatabase();
    const log = await db.createColumnFamily('log');
    expect(log.name).toBe('log');
    expect(db.columnFamily('log')).toBe(log);
    expect(db.columnFamilies).toEqual(['default', 'log']);
    await db.write(puts(log, { k: 'v' }), { sync: true });
    await db.close();
    const again = await openAt(db.path);
    expect(shown(again.scanSync(again.columnFamily('log')))).toEqual(['k=v']);
  });

  it('creates more than one byte can number: each holds what was written to it, also out of the WAL', async () => {
    const db = await temporaryDatabase();
    const families = [db.columnFamily('default')];
    for (let i = 1; i <= 140; i++) families.push(await db.createColumnFamily(`${i}`));
    const batch = new WriteBatch();
    for (const family of families) {
      batch.put(family, bytes('a'), bytes(`a of ${family.name}`));
      for (const key of ['b', 'c', 'd', 'e']) batch.put(family, bytes(key), bytes('')).delete(family, bytes('b'));
      batch.deleteRange(family, bytes('c'), bytes('e'));
    }
    await db.write(batch);
    const expected = families.map(({ name }) => [`a=a of ${name}`, 'e=']);
    expect(families.map((family) => shown(db.scanSync(family)))).toEqual(expected);
    await db.close();
    const again = await openAt(db.path);
    expect(families.map(({ name }) => shown(again.scanSync(again.columnFamily(name))))).toEqual(expected);
  });

  it('refuses a name that exists', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    await expectRocksError(() => db.createColumnFamily('log'), 'COLUMN_FAMILY_EXISTS', 'log', db.path);
    await expectRocksError(() => db.createColumnFamily({ name: 'default' }), 'COLUMN_FAMILY_EXISTS', 'default');
  });

  it('lets one of several calls for the same name win', async () => {
    const db = await temporaryDatabase();
    const calls = await Promise.allSettled(Array.from({ length: 8 }, () => db.createColumnFamily('log')));
    const refused = calls.filter((call) => call.status === 'rejected');
    expect(refused).toHaveLength(7);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'COLUMN_FAMILY_EXISTS' });
    await db.write(puts(db.columnFamily('log'), { k: 'v' }));
    expect(shown(await db.scan(db.columnFamily('log')))).toEqual(['k=v']);
  });

  it('refuses a name that exists, also when a drop of it follows at once', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const [created, dropped] = await Promise.allSettled([db.createColumnFamily('log'), db.dropColumnFamily('log')]);
    expect(created).toMatchObject({ status: 'rejected', reason: { code: 'COLUMN_FAMILY_EXISTS' } });
    expect(dropped.status).toBe('fulfilled');
    expect(db.columnFamilies).toEqual(['default']);
  });

  it('takes any name that UTF-8 can carry', async () => {
    const names = ['with space', 'a/b', '..', '"quoted"', 'línea', '日誌', '📓', 'x'.repeat(10_000)];
    const db = await temporaryDatabase();
    for (const name of names) await db.write(puts(await db.createColumnFamily(name), { name }));
    await db.close();
    const again = await openAt(db.path);
    expect(again.columnFamilies).toEqual(['default', ...names].sort());
    for (const name of names)
      expect(shown(again.scanSync(again.columnFamily(name)))).toEqual(
        shown([{ key: bytes('name'), value: bytes(name) }]),
      );
  });

  it.each<[string, (path: string, names: string[]) => Promise<Database>]>([
    ['at an open', (path, columnFamilies) => openAt(path, { columnFamilies })],
    [
      'by calls that wait together',
      async (path, names) => {
        const db = await openAt(path);
        const created = await Promise.all(names.map((name) => db.createColumnFamily(name)));
        expect(created.map(({ name }) => name)).toEqual(names);
        return db;
      },
    ],
  ])('creates many in one go, %s: RocksDB writes the options of all down each time', async (_, create) => {
    const names = Array.from({ length: 100 }, (_, i) => `cf${i}`);
    const db = await create(join(temporaryFolder(), 'db'), names);
    expect(latestOptions(db)).toBeLessThan(20);
    for (const name of names) await db.write(puts(db.columnFamily(name), { name }));
    await db.close();
    const again = await openAt(db.path);
    for (const name of names) expect(shown(again.scanSync(again.columnFamily(name)))).toEqual([`name=${name}`]);
  });

  it('keeps the order of creates and drops that wait together', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['a', 'b'] });
    const outcomes = await Promise.allSettled([
      db.createColumnFamily('new'),
      db.createColumnFamily('a'), // still there
      db.dropColumnFamily('a'),
      db.createColumnFamily('a'),
      db.createColumnFamily('a'), // there again
      db.createColumnFamily('b'),
      db.dropColumnFamily('b'),
      db.createColumnFamily('new'),
    ]);
    const told = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'done' : outcome.reason.code));
    const exists = 'COLUMN_FAMILY_EXISTS';
    expect(told).toEqual(['done', exists, 'done', 'done', exists, exists, 'done', exists]);
    expect(db.columnFamilies).toEqual(['a', 'default', 'new']);
    await db.close();
    expect((await openAt(db.path)).columnFamilies).toEqual(['a', 'default', 'new']);
  });

  it('takes its turn among the writes: those called before it are done when it is', async () => {
    const db = await temporaryDatabase();
    const cf = db.columnFamily('default');
    const writes = Array.from({ length: 50 }, (_, i) => db.write(puts(cf, { k: String(i) }), { sync: true }));
    await db.createColumnFamily('log');
    expect(db.getSync(cf, bytes('k'))).toEqual(bytes('49'));
    await Promise.all(writes);
  });
});

describe('dropColumnFamily', () => {
  it('does not know one that is still being created, and leaves it whole', async () => {
    const db = await temporaryDatabase();
    const created = db.createColumnFamily('x');
    await expectRocksError(() => db.dropColumnFamily('x'), 'COLUMN_FAMILY_NOT_FOUND');
    const x = await created;
    expect(db.scanSync(x)).toEqual([]);
    expect(db.columnFamilies).toEqual(['default', 'x']);
  });

  it('removes it and all that is in it, for good', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log', 'other'] });
    await db.write(puts(db.columnFamily('log'), { k: 'v' }));
    await db.dropColumnFamily('log');
    expect(db.columnFamilies).toEqual(['default', 'other']);
    await expectRocksError(() => db.columnFamily('log'), 'COLUMN_FAMILY_NOT_FOUND', 'log');
    await db.close();
    const again = await openAt(db.path);
    expect(again.columnFamilies).toEqual(['default', 'other']);
    const anew = await again.createColumnFamily('log');
    expect(again.scanSync(anew)).toEqual([]);
  });

  it('is gone from the call on', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = db.columnFamily('log');
    const dropped = db.dropColumnFamily('log');
    expect(db.columnFamilies).toEqual(['default']);
    await expectRocksError(() => db.columnFamily('log'), 'COLUMN_FAMILY_NOT_FOUND');
    await expectRocksError(() => db.getSync(log, bytes('k')), 'COLUMN_FAMILY_NOT_FOUND');
    await dropped;
  });

  it('refuses every use of the handle afterwards, also when the name exists again', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = db.columnFamily('log');
    const key = bytes('k');
    await db.dropColumnFamily('log');
    for (let round = 0; round < 2; round++) {
      await expectRocksError(() => db.get(log, key), 'COLUMN_FAMILY_NOT_FOUND', 'get', db.path);
      await expectRocksError(() => db.getSync(log, key), 'COLUMN_FAMILY_NOT_FOUND', 'get', db.path);
      await expectRocksError(() => db.scan(log), 'COLUMN_FAMILY_NOT_FOUND', 'scan', db.path);
      await expectRocksError(() => db.scanSync(log), 'COLUMN_FAMILY_NOT_FOUND', 'scan', db.path);
      await expectRocksError(() => db.iterate(log).next(), 'COLUMN_FAMILY_NOT_FOUND', 'iterate', db.path);
      await expectRocksError(() => db.write(puts(log, { k: 'v' })), 'COLUMN_FAMILY_NOT_FOUND', 'write', db.path);
      await expectRocksError(() => db.writeSync(puts(log, { k: 'v' })), 'COLUMN_FAMILY_NOT_FOUND', 'write', db.path);
      await expectRocksError(() => db.compactRange(log), 'COLUMN_FAMILY_NOT_FOUND', 'compact', db.path);
      await expectRocksError(() => db.property('rocksdb.stats', log), 'COLUMN_FAMILY_NOT_FOUND', 'property', db.path);
      if (round === 0) await db.createColumnFamily('log');
    }
    expect(db.scanSync(db.columnFamily('log'))).toEqual([]);
  });

  it('refuses a name that is not there, and `default`', async () => {
    const db = await temporaryDatabase();
    await expectRocksError(() => db.dropColumnFamily('absent'), 'COLUMN_FAMILY_NOT_FOUND', 'absent', db.path);
    await expectRocksError(() => db.dropColumnFamily('default'), 'INVALID_ARGUMENT', 'default', db.path);
    expect(db.columnFamilies).toEqual(['default']);
    expect(db.getSync(db.columnFamily('default'), bytes('k'))).toBeUndefined();
  });

  it('lets one of several calls win, and the column family stays gone', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const calls = await Promise.allSettled(Array.from({ length: 5 }, () => db.dropColumnFamily('log')));
    expect(calls.map((call) => call.status)).toEqual(['fulfilled', ...Array(4).fill('rejected')]);
    expect(db.columnFamilies).toEqual(['default']);
  });

  it('lets the writes queued before it finish, and refuses those called after', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = db.columnFamily('log');
    const before = Array.from({ length: 50 }, (_, i) => db.write(puts(log, { [`k${i}`]: 'v' }), { sync: i % 2 === 0 }));
    const dropped = db.dropColumnFamily('log');
    const after = Array.from({ length: 50 }, (_, i) => db.write(puts(log, { [`k${i}`]: 'v' })));
    const [accepted, refused] = await Promise.all([Promise.allSettled(before), Promise.allSettled(after)]);
    for (const write of accepted) expect(write.status).toBe('fulfilled');
    for (const write of refused) {
      expect(write).toMatchObject({ status: 'rejected', reason: { code: 'COLUMN_FAMILY_NOT_FOUND' } });
    }
    await dropped;
  });

  it('lets a create of the same name follow at once', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    await db.write(puts(db.columnFamily('log'), { k: 'old' }));
    const [, anew] = await Promise.all([db.dropColumnFamily('log'), db.createColumnFamily('log')]);
    expect(db.columnFamily('log')).toBe(anew);
    expect(db.scanSync(anew)).toEqual([]);
    await db.write(puts(anew, { k: 'new' }));
    await db.close();
    const again = await openAt(db.path);
    expect(shown(again.scanSync(again.columnFamily('log')))).toEqual(['k=new']);
  });

  it('drops many in one go: RocksDB writes the options of all that are left down each time', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `cf${i}`);
    const db = await temporaryDatabase({ columnFamilies: ['kept', ...names] });
    const before = latestOptions(db);
    await Promise.all(names.map((name) => db.dropColumnFamily(name)));
    expect(latestOptions(db) - before).toBeLessThan(20);
    await db.close();
    expect((await openAt(db.path)).columnFamilies).toEqual(['default', 'kept']);
  });

  it('overtakes no write, where it is called with others that do not wait for one', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const db = await temporaryDatabase({ columnFamilies: ['kept', ...names] });
    const kept = db.columnFamily('kept');
    for (let round = 0; round < 20; round++) {
      const handles = names.map((name) => db.columnFamily(name));
      const writes: Promise<void>[] = [];
      const drops: Promise<void>[] = [];
      // What holds up the first drop, so that the others have something to join.
      writes.push(db.write(puts(kept, { k: 'v' }), { sync: true }));
      for (const [i, name] of names.entries()) {
        const batch = puts(kept, { k: 'v' });
        for (const later of handles.slice(i + 1)) batch.put(later, bytes('k'), bytes('v'));
        drops.push(db.dropColumnFamily(name));
        writes.push(db.write(batch, { sync: i % 2 === 0 }));
      }
      await Promise.all([...writes, ...drops]);
      expect(db.columnFamilies).toEqual(['default', 'kept']);
      await Promise.all(names.map((name) => db.createColumnFamily(name)));
    }
    await db.write(puts(kept, { last: 'v' }), { sync: true });
  });

  it('drops each of several though the file of the options cannot be written', async () => {
    const names = ['a', 'b', 'c'];
    const db = await temporaryDatabase({ columnFamilies: [...names, 'kept'] });
    // A folder in the way of each that RocksDB might write next.
    const next = latestOptions(db);
    for (let i = 0; i < 100; i++) {
      mkdirSync(join(db.path, `OPTIONS-${String(next + i).padStart(6, '0')}.dbtmp`));
    }
    const calls = [...names, 'a'].map((name) => db.dropColumnFamily(name));
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual([
      ...names.map(() => 'fulfilled'),
      'rejected',
    ]);
    expect(db.columnFamilies).toEqual(['default', 'kept']);
    await db.write(puts(db.columnFamily('kept'), { k: 'v' }), { sync: true });
    await db.close();
    for (const name of readdirSync(db.path)) {
      if (name.endsWith('.dbtmp')) rmSync(join(db.path, name), { recursive: true });
    }
    expect((await openAt(db.path)).columnFamilies).toEqual(['default', 'kept']);
  });

  (hasDiskShim ? it : it.skip)('tells each of several what became of it, where the disk fails in between', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `cf${i}`);
    const db = await temporaryDatabase({ columnFamilies: ['first', ...names] });
    await db.close();
    const ending = await runChild('drops-on-a-failing-disk.mjs', [db.path, '3'], { env: withFaults({}) });
    expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
    const told = JSON.parse(ending.stdout);
    const dropped = names.filter((_, i) => told.codes[i] === 'dropped');
    expect(dropped.length).toBeGreaterThan(0);
    expect(dropped.length).toBeLessThan(names.length - 1);
    expect(new Set(told.codes)).toEqual(new Set(['dropped', 'IO_ERROR']));
    const left = names.filter((name) => !dropped.includes(name));
    expect(told.families).toEqual(expect.arrayContaining(left));
    expect(told.readable).toEqual(told.families);
    // The first that failed may be gone: its record was written, and only the sync of it failed.
    const again = await openAt(db.path);
    for (const name of dropped) expect(again.columnFamilies).not.toContain(name);
    for (const name of left.slice(1)) expect(again.columnFamilies).toContain(name);
  });

  it('lets an iterator that has begun read to its end', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = db.columnFamily('log');
    const batch = new WriteBatch();
    for (let i = 0; i < 2500; i++) batch.put(log, bytes(String(i).padStart(5, '0')), bytes('v'));
    await db.write(batch);
    const rows = db.iterate(log);
    await rows.next();
    await db.dropColumnFamily('log');
    expect(await collect(rows)).toHaveLength(2499);
  });
});

/** The number of the latest file of the options, each of which takes the next one that is free. */
function latestOptions(db: Database): number {
  const numbers = readdirSync(db.path).map((name) => /^OPTIONS-(\d+)$/.exec(name)?.[1]);
  return Math.max(...numbers.map((number) => Number(number ?? 0)));
}
