import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, Database, WriteBatch } from '../../binding/index.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, collect, openAt, puts, shown, temporaryDatabase } from '../support/temporary-database.js';

let db: Database;
let cf: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log'] });
  cf = db.columnFamily('default');
  const batch = new WriteBatch();
  for (let i = 0; i < 3000; i++) batch.put(cf, bytes(`k${i}`), Buffer.alloc(100, i));
  await db.write(batch);
});

/** One call of every asynchronous method, none awaited. */
const everything = () =>
  Promise.all([
    db.get(cf, bytes('k1')),
    db.scan(cf),
    db.iterate(cf).next(),
    db.createColumnFamily('created'),
    db.write(puts(cf, { written: 'v' })),
    db.write(puts(cf, { synced: 'v' }), { sync: true }),
    db.flush(),
    db.compactRange(cf),
    db.checkpoint(`${db.path}-copy`),
    db.dropColumnFamily('log'),
  ]);

describe('close', () => {
  it('marks the database closed at the call', async () => {
    expect(db.closed).toBe(false);
    const closing = db.close();
    expect(db.closed).toBe(true);
    expect(await closing).toBeUndefined();
    expect(db.closed).toBe(true);
  });

  it.each([
    ['close', () => db.close()],
    ['closeSync', async () => db.closeSync()],
  ])('%s waits for every call in flight, and each gives its result', async (_, close) => {
    const calls = everything();
    const closing = close();
    const [value, rows, first, created] = await calls;
    await closing;
    expect(value).toEqual(Buffer.alloc(100, 1));
    expect(rows.length).toBeGreaterThanOrEqual(3000);
    expect(first.value?.key).toEqual(bytes('k0'));
    expect(created.name).toBe('created');

    const again = await openAt(db.path);
    expect(again.columnFamilies).toEqual(['created', 'default']);
    expect(again.getSync(again.columnFamily('default'), bytes('written'))).toEqual(bytes('v'));
    const copy = await openAt(`${db.path}-copy`);
    expect(copy.scanSync(copy.columnFamily('default')).length).toBeGreaterThanOrEqual(3000);
  });

  it('waits for a thousand writes, and loses none', async () => {
    const writes = Array.from({ length: 1000 }, (_, i) =>
      db.write(puts(cf, { [`w${i}`]: 'v' }), { sync: i % 10 === 0 }),
    );
    let settled = 0;
    for (const write of writes) write.then(() => settled++);
    await db.close();
    expect(settled).toBe(1000);
    const again = await openAt(db.path);
    expect(again.scanSync(again.columnFamily('default'), { gte: bytes('w'), lt: bytes('x') })).toHaveLength(1000);
  });

  it('can be called any number of times, in any form', async () => {
    await Promise.all([db.close(), db.close(), db.close()]);
    await db.close();
    db.closeSync();
    db.closeSync();
    await db.close();
    await db[Symbol.asyncDispose]();
    expect(db.closed).toBe(true);
  });

  it('can follow closeSync, and closeSync can overtake it', async () => {
    const closing = db.close();
    db.closeSync();
    await openAt(db.path);
    await closing;
    const other = await temporaryDatabase();
    other.closeSync();
    await Promise.all([other.close(), other.close()]);
  });

  it('has released the path once it settles', async () => {
    for (let round = 0; round < 10; round++) {
      await db.close();
      db = await Database.open(db.path, { createIfMissing: false });
      db.closeSync();
      db = Database.openSync(db.path, { createIfMissing: false });
    }
    expect(shown(db.scanSync(db.columnFamily('default'), { limit: 1 }))).toHaveLength(1);
    await db.close();
  });

  it('ends live iterators, begun or not', async () => {
    const [begun, fresh] = [db.iterate(cf), db.iterate(cf)];
    await begun.next();
    await db.close();
    await expectRocksError(() => collect(begun), 'CLOSED', 'iterate');
    await expectRocksError(() => fresh.next(), 'CLOSED', 'iterate', db.path);
    const unused = (await openAt(db.path)).iterate;
    expect(unused).toBeInstanceOf(Function);
  });

  it('lets a next() in flight give its rows', async () => {
    const rows = db.iterate(cf);
    for (let i = 0; i < 1000; i++) await rows.next();
    const inFlight = rows.next();
    const closing = db.close();
    expect((await inFlight).done).toBe(false);
    await closing;
  });

  it('keeps the names that were known', async () => {
    await db.close();
    expect(db.columnFamilies).toEqual(['default', 'log']);
    expect(db.columnFamily('log').name).toBe('log');
  });
});

describe('asyncDispose', () => {
  it('closes the database', async () => {
    expect(await db[Symbol.asyncDispose]()).toBeUndefined();
    expect(db.closed).toBe(true);
    await expectRocksError(() => db.get(cf, bytes('k')), 'CLOSED', 'get', db.path);
    await openAt(db.path);
  });
});

describe('dispose', () => {
  it('closes the database before it returns', async () => {
    expect(db[Symbol.dispose]()).toBeUndefined();
    expect(db.closed).toBe(true);
    await expectRocksError(() => db.get(cf, bytes('k')), 'CLOSED', 'get', db.path);
    await openAt(db.path);
  });
});

describe('inspect', () => {
  it('shows the path, whether it is open, and the column families', async () => {
    const families = "columnFamilies: [ 'default', 'log' ]";
    expect(inspect(db, { breakLength: 1000 })).toBe(`Database { path: '${db.path}', state: 'open', ${families} }`);
    expect(inspect({ db: cf }, { depth: 3 })).toContain(db.path);
    await db.close();
    expect(inspect(db, { breakLength: 1000 })).toBe(`Database { path: '${db.path}', state: 'closed', ${families} }`);
  });
});
