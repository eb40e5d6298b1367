import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { bytes, puts, shown, temporaryDatabase } from '../support/temporary-database.js';

let db: Database;
let cf: ColumnFamily;
let log: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log'] });
  cf = db.columnFamily('default');
  log = db.columnFamily('log');
});

const number = (name: string, family?: ColumnFamily) => Number(db.property(name, family));
const filesOf = (family: ColumnFamily) => number('rocksdb.num-files-at-level0', family);

describe('flush', () => {
  it('writes the memtable of every column family to a file', async () => {
    await db.write(puts(cf, { a: '1' }).put(log, bytes('b'), bytes('2')));
    expect([filesOf(cf), filesOf(log)]).toEqual([0, 0]);
    expect(number('rocksdb.num-entries-active-mem-table', log)).toBe(1);
    expect(await db.flush()).toBeUndefined();
    expect([filesOf(cf), filesOf(log)]).toEqual([1, 1]);
    expect(number('rocksdb.num-entries-active-mem-table', log)).toBe(0);
    expect(shown(db.scanSync(log))).toEqual(['b=2']);
  });

  it('has nothing to do where nothing was written', async () => {
    await db.flush();
    await Promise.all([db.flush(), db.flush(), db.flush()]);
    expect([filesOf(cf), filesOf(log)]).toEqual([0, 0]);
  });

  it('passes over a column family that is dropped meanwhile', async () => {
    await db.write(puts(cf, { a: '1' }).put(log, bytes('b'), bytes('2')));
    const outcomes = await Promise.allSettled([db.flush(), db.dropColumnFamily('log'), db.flush()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(filesOf(cf)).toBe(1);
  });
});

describe('compactRange', () => {
  const fill = async (count: number) => {
    const batch = new WriteBatch();
    for (let i = 0; i < count; i++) batch.put(cf, bytes(String(i).padStart(4, '0')), Buffer.alloc(1000, i));
    await db.write(batch);
    await db.flush();
  };

  it('gives back the space of what was deleted', async () => {
    await fill(2000);
    const before = number('rocksdb.total-sst-files-size');
    await db.write(new WriteBatch().deleteRange(cf, bytes('0000'), bytes('1990')));
    expect(await db.compactRange(cf)).toBeUndefined();
    expect(number('rocksdb.total-sst-files-size')).toBeLessThan(before / 10);
    expect(db.scanSync(cf)).toHaveLength(10);
  });

  it.each([
    ['with both bounds', { gte: bytes('0100'), lt: bytes('0200') }],
    ['from a key on', { gte: bytes('0100') }],
    ['up to a key', { lt: bytes('0200') }],
    ['with no bound', {}],
    ['with crossed bounds', { gte: bytes('9'), lt: bytes('1') }],
  ])('changes no row %s', async (_, range) => {
    await fill(300);
    await fill(200);
    await db.compactRange(cf, range);
    expect(db.scanSync(cf).map(({ key }) => Number(key.toString()))).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('rewrites only the files of its range', async () => {
    await db.write(puts(cf, { a: '1' }));
    await db.flush();
    await db.compactRange(cf, { gte: bytes('m') });
    expect(filesOf(cf)).toBe(1);
    await db.compactRange(cf, { lt: bytes('b') });
    expect(filesOf(cf)).toBe(0);
    expect(shown(db.scanSync(cf))).toEqual(['a=1']);
  });
});

describe('property', () => {
  it('gives properties of RocksDB, of the column family that is named', async () => {
    await db.write(puts(log, { a: '1', b: '2' }));
    expect(db.property('rocksdb.estimate-num-keys', log)).toBe('2');
    expect(db.property('rocksdb.estimate-num-keys')).toBe('0');
    expect(db.property('rocksdb.estimate-num-keys', cf)).toBe('0');
    expect(db.property('rocksdb.stats')).toContain('** DB Stats **');
  });

  it('gives a value that RocksDB keeps inside a map', async () => {
    const before = Number(db.property('rocksdb.dbstats/db.wal_syncs'));
    db.writeSync(puts(cf, { a: '1' }), { sync: true });
    expect(Number(db.property('rocksdb.dbstats/db.wal_syncs'))).toBe(before + 1);
  });

  const levels = [7, 2 ** 31, 2 ** 31 + 1, 3e9, 2 ** 32 - 1, 2 ** 32 + 2 ** 31, '9'.repeat(30)];
  const absentLevels = levels.flatMap((level) => [
    `rocksdb.num-files-at-level${level}`,
    `rocksdb.compression-ratio-at-level${level}`,
    `rocksdb.aggregated-table-properties-at-level${level}`,
    `rocksdb.aggregated-table-properties-at-level${level}/data_size`,
  ]);

  it.each([
    ...absentLevels,
    'rocksdb.absent',
    'absent',
    'rocksdb.dbstats/absent',
    'absent/absent',
    '/',
    'rocksdb.dbstats/',
    '/x',
    'ö',
  ])('gives undefined where there is no property %j', (name) => {
    expect(db.property(name)).toBeUndefined();
  });
});
