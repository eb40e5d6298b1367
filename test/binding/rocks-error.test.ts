import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, Database, RocksError, WriteBatch } from '../../binding/index.js';
import { expectRocksError, failureOf } from '../support/failures.js';
import { bytes, puts, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let db: Database;
let cf: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase();
  cf = db.columnFamily('default');
});

describe('RocksError', () => {
  it('is an Error with a code, a name and a stack', () => {
    const cause = new Error('the cause');
    const error = new RocksError('BUSY', 'try later', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'RocksError', code: 'BUSY', message: 'try later', cause });
    expect(String(error)).toBe('RocksError: try later');
    expect(error.stack).toContain('rocks-error.test');
  });

  it('is what synchronous methods throw and asynchronous ones reject with', async () => {
    await db.close();
    const thrown = await failureOf(() => db.getSync(cf, bytes('k')));
    const rejected = await failureOf(() => db.get(cf, bytes('k')));
    for (const error of [thrown, rejected]) {
      expect(error).toBeInstanceOf(RocksError);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).constructor).toBe(RocksError);
    }
  });

  it('has a stack that leads to the caller of a synchronous method', async () => {
    await db.close();
    const { stack } = (await failureOf(() => db.getSync(cf, bytes('k')))) as Error;
    expect(stack).toContain('getSync');
    expect(stack).toContain('rocks-error.test');
  });

  it('names the operation and the path, or the column family', async () => {
    const dropped = await db.createColumnFamily('dropped');
    await db.dropColumnFamily('dropped');
    const toDropped = puts(dropped, { k: 'v' });
    const where = [db.path] as const;
    await expectRocksError(() => db.get(dropped, bytes('k')), 'COLUMN_FAMILY_NOT_FOUND', 'get', ...where);
    await expectRocksError(() => db.scan(dropped), 'COLUMN_FAMILY_NOT_FOUND', 'scan', ...where);
    await expectRocksError(() => db.write(toDropped), 'COLUMN_FAMILY_NOT_FOUND', 'write', ...where);
    await expectRocksError(() => db.writeSync(toDropped), 'COLUMN_FAMILY_NOT_FOUND', 'write', ...where);
    await expectRocksError(
      () => db.createColumnFamily('default'),
      'COLUMN_FAMILY_EXISTS',
      'create',
      'default',
      ...where,
    );
    await expectRocksError(() => db.dropColumnFamily('absent'), 'COLUMN_FAMILY_NOT_FOUND', 'drop', 'absent', ...where);
    await expectRocksError(() => db.checkpoint(db.path), 'INVALID_ARGUMENT', 'checkpoint', ...where);
    await expectRocksError(() => Database.open(db.path), 'LOCKED', 'open', ...where);
    const absent = join(temporaryFolder(), 'absent');
    await expectRocksError(() => Database.open(absent, { createIfMissing: false }), 'NOT_FOUND', 'open', absent);

    await db.close();
    const calls: [string, () => unknown][] = [
      ['get', () => db.get(cf, bytes('k'))],
      ['get', () => db.getSync(cf, bytes('k'))],
      ['scan', () => db.scan(cf)],
      ['scan', () => db.scanSync(cf)],
      ['iterate', () => db.iterate(cf).next()],
      ['write', () => db.write(new WriteBatch())],
      ['write', () => db.writeSync(new WriteBatch())],
      ['flush', () => db.flush()],
      ['compact', () => db.compactRange(cf)],
      ['checkpoint', () => db.checkpoint(absent)],
      ['property', () => db.property('rocksdb.stats')],
      ['create', () => db.createColumnFamily('new')],
      ['drop', () => db.dropColumnFamily('new')],
    ];
    for (const [operation, call] of calls) await expectRocksError(call, 'CLOSED', operation, ...where);
  });
});
