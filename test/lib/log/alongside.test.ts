// The caller's own records in the atomic write of a storage, and the fsync that he may ask for.

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  AsyncRocksdbStorage,
  type ColumnFamily,
  type Database,
  MemStorage,
  RocksdbStorage,
  type StorageOp,
  WriteBatch,
} from '../../../lib/index.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let path: string;
let database: Database;
let mine: ColumnFamily;
beforeEach(async () => {
  path = join(temporaryFolder(), 'db');
  database = await openAt(path, { columnFamilies: ['log', 'mine'] });
  mine = database.columnFamily('mine');
});

const key = Buffer.from('key');
const put = (value: string) => new WriteBatch().put(mine, key, Buffer.from(value));
const stored = (db = database) => db.getSync(db.columnFamily('mine'), key)?.toString();
const fsyncs = () => Number(database.property('rocksdb.dbstats/db.wal_syncs'));
const append: StorageOp<string, unknown> = { type: 'appendEntry', entry: 'a' };
const decide: StorageOp<string, unknown> = { type: 'setDecidedIdx', idx: 1 };

describe.each([
  ['RocksdbStorage', () => RocksdbStorage.openIn<string>(database, 'log')],
  ['AsyncRocksdbStorage', () => AsyncRocksdbStorage.openIn<string>(database, 'log')],
])('%s', (_, open) => {
  it("writes the operations and the caller's records, which a reopen finds together", async () => {
    const log = await open();
    await log.writeAtomically([append, decide], { alongside: put('v') });
    expect([await log.getSuffix(0), await log.getDecidedIdx(), stored()]).toEqual([['a'], 1, 'v']);
    await database.close();
    database = await openAt(path);
    expect([RocksdbStorage.openIn(database, 'log').getSuffix(0), stored()]).toEqual([['a'], 'v']);
  });

  it('takes puts, deletes and ranges, for several column families, once each', async () => {
    const log = await open();
    await log.writeAtomically([], { alongside: put('v').put(database.columnFamily('default'), key, key) });
    const batch = new WriteBatch().deleteRange(mine, Buffer.from('a'), Buffer.from('z'));
    await log.writeAtomically([append], { alongside: batch.delete(database.columnFamily('default'), key) });
    expect([stored(), database.getSync(database.columnFamily('default'), key)]).toEqual([undefined, undefined]);
    await log.writeAtomically([append]);
    expect(await log.getSuffix(0)).toEqual(['a', 'a']);
  });

  it('copies them at the call', async () => {
    const log = await open();
    const batch = put('v');
    const written = log.writeAtomically([append], { alongside: batch });
    batch.clear().put(mine, key, Buffer.from('later'));
    await written;
    expect(stored()).toBe('v');
  });

  it('writes neither where the operations are refused', async () => {
    const log = await open();
    const unencodable = { type: 'appendEntry', entry: (() => {}) as unknown as string } as const;
    await expectStorageError(() => log.writeAtomically([unencodable], { alongside: put('v') }), 'CODEC');
    await expectStorageError(
      () => log.writeAtomically([{ type: 'trim', idx: -1 }], { alongside: put('v') }),
      'INVALID_ARGUMENT',
    );
    expect([stored(), await log.getLogLen()]).toEqual([undefined, 0]);
  });

  it('writes neither where the records are refused', async () => {
    const log = await open();
    await database.createColumnFamily('gone');
    const dropped = new WriteBatch().put(database.columnFamily('gone'), key, key);
    await database.dropColumnFamily('gone');
    await expectStorageError(() => log.writeAtomically([append], { alongside: dropped }), 'COLUMN_FAMILY_NOT_FOUND');

    const other = await openAt(join(temporaryFolder(), 'db'));
    const elsewhere = new WriteBatch().put(other.columnFamily('default'), key, key);
    await expectStorageError(() => log.writeAtomically([append], { alongside: elsewhere }), 'INVALID_ARGUMENT', path);
    expect([await log.getLogLen(), log.failedUnsyncedWrites.trim]).toEqual([0, 0]);
    await log.writeAtomically([append]);
  });

  it('refuses records for its own column family, whose bounds it would lose', async () => {
    const log = await open();
    const batch = put('v').put(database.columnFamily('log'), Buffer.from('L/12345678'), key);
    await expectStorageError(() => log.writeAtomically([append], { alongside: batch }), 'INVALID_ARGUMENT', 'log');
    expect([stored(), await log.getLogLen()]).toEqual([undefined, 0]);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a number', 7],
    ['a misspelt option', { alongSide: new WriteBatch() }],
    ['an alongside that is no WriteBatch', { alongside: {} }],
    ['an alongside of null', { alongside: null }],
    ['a sync that is no boolean', { sync: 1 }],
  ])('refuses %s', async (_, options) => {
    const log = await open();
    await expectStorageError(() => log.writeAtomically([append], options as never), 'INVALID_ARGUMENT', 'options');
    expect(await log.getLogLen()).toBe(0);
  });

  it('is fsynced where an operation must be, or where that is asked for', async () => {
    const log = await open();
    const counted: number[] = [];
    for (const write of [
      () => log.writeAtomically([decide], { alongside: put('v') }),
      () => log.writeAtomically([], { alongside: put('v') }),
      () => log.writeAtomically([append], { alongside: put('v') }),
      () => log.writeAtomically([decide], { sync: true }),
      () => log.writeAtomically([], { alongside: put('v'), sync: true }),
    ]) {
      const before = fsyncs();
      await write();
      counted.push(fsyncs() - before);
    }
    expect(counted).toEqual([0, 0, 1, 1, 1]);
  });
});

describe('MemStorage', () => {
  it('refuses records for a database that it has not', async () => {
    const log = new MemStorage<string>();
    await expectStorageError(() => log.writeAtomically([append], { alongside: put('v') }), 'INVALID_ARGUMENT');
    expect(log.getLogLen()).toBe(0);
    log.writeAtomically([append], { sync: true });
    expect(log.getSuffix(0)).toEqual(['a']);
  });
});
