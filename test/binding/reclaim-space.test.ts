// The compactions that nobody waits for: how the storages give back the space of what they have deleted. And what is known of
// the work in the background, and set for it.

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { coreOf } from '../../binding/database.js';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, openAt, puts, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

let db: Database;
let cf: ColumnFamily;
let other: ColumnFamily;

const ROWS = 1000;
const ROW_BYTES = 30_000;
const ALL = { gte: bytes('0'), lt: bytes('9') };
const key = (row: number) => bytes(String(row).padStart(4, '0'));

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log', 'other'] });
  cf = db.columnFamily('log');
  other = db.columnFamily('other');
});

/** Half of the rows are deleted, and take their space still. */
async function fill(): Promise<void> {
  const batch = new WriteBatch();
  for (let row = 0; row < ROWS; row++) batch.put(cf, key(row), Buffer.alloc(ROW_BYTES, row));
  await db.write(batch);
  await db.flush();
  const deletes = new WriteBatch();
  for (let row = 0; row < ROWS; row += 2) deletes.delete(cf, key(row));
  await db.write(deletes);
  await db.flush();
}

const reclaim = () => coreOf(db).reclaimSpace(cf, ALL);
const fileBytes = () => Number(db.property('rocksdb.live-sst-files-size', cf));
const running = () => db.property('rocksdb.num-running-compactions');

/** Begun, and so slow that it would not end by itself in the time of a test. */
async function slowReclaim(): Promise<{ settled: () => boolean; outcome: Promise<unknown> }> {
  await fill();
  coreOf(db).limitBackgroundWrites(1);
  let settled = false;
  const outcome = reclaim().then(
    () => 'done',
    (error) => error.code,
  );
  outcome.then(() => {
    settled = true;
  });
  await until(() => running() === '1');
  return { settled: () => settled, outcome };
}

describe('reclaimSpace', () => {
  it('gives back the space of what was deleted, and changes no row', async () => {
    await fill();
    const content = () => Buffer.concat(db.scanSync(cf).flatMap((row) => [row.key, row.value]));
    const [before, rows] = [fileBytes(), content()];
    expect(await reclaim()).toBeUndefined();
    expect(fileBytes()).toBeLessThan(before * 0.6);
    expect(content().equals(rows)).toBe(true);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['flush', () => db.flush()],
    ['checkpoint', () => db.checkpoint(join(temporaryFolder(), 'copy'))],
    ['limitWriteBuffer', () => coreOf(db).limitWriteBuffer(cf, 1 << 20)],
    ['compactRange of another column family', () => db.compactRange(other)],
    ['createColumnFamily', () => db.createColumnFamily('new')],
    ['a synced write', () => db.write(puts(cf, { a: '1' }), { sync: true })],
  ])('is not waited for by %s', async (_, call) => {
    const { settled } = await slowReclaim();
    await db.write(puts(other, { a: '1' }));
    await call();
    expect(settled()).toBe(false);
  });

  it('gives way to a compactRange of its own range, and has nothing left to do behind it', async () => {
    const { outcome } = await slowReclaim();
    coreOf(db).limitBackgroundWrites(0);
    await db.compactRange(cf);
    expect(fileBytes()).toBeLessThan(ROWS * ROW_BYTES * 0.6);
    expect(await outcome).toBe('done');
  });

  it('goes on behind a compactRange of another column family', async () => {
    const { outcome, settled } = await slowReclaim();
    await db.write(puts(other, { a: '1' }));
    await db.compactRange(other);
    expect(settled()).toBe(false);
    coreOf(db).limitBackgroundWrites(0);
    expect(await outcome).toBe('done');
    expect(fileBytes()).toBeLessThan(ROWS * ROW_BYTES * 0.6);
  });

  it.each([
    ['close', () => db.close()],
    ['closeSync', async () => db.closeSync()],
  ])('is ended by %s, and so is what waits behind it', async (_, close) => {
    const { outcome } = await slowReclaim();
    const waiting = [reclaim(), reclaim()];
    const codes = Promise.all(waiting.map((one) => one.catch((error) => error.code)));
    await close();
    expect(await outcome).toBe('CLOSED');
    expect(await codes).toEqual(['CLOSED', 'CLOSED']);
    db = await openAt(db.path);
    expect(db.scanSync(db.columnFamily('log'))).toHaveLength(ROWS / 2);
  });

  it('is ended by a drop of its column family', async () => {
    const { outcome } = await slowReclaim();
    const waiting = reclaim();
    await db.dropColumnFamily('log');
    coreOf(db).limitBackgroundWrites(0);
    expect(await outcome).toBe('COLUMN_FAMILY_NOT_FOUND');
    await expectRocksError(() => waiting, 'COLUMN_FAMILY_NOT_FOUND', 'give back space', db.path);
    await db.write(puts(other, { a: '1' }));
    await db.compactRange(other);
  });

  it('is refused where the database is open read-only, or closed', async () => {
    const reader = await openAt(db.path, { readOnly: true });
    const family = reader.columnFamily('log');
    await expectRocksError(() => coreOf(reader).reclaimSpace(family, ALL), 'READ_ONLY', 'give back space', db.path);
    await db.close();
    await expectRocksError(reclaim, 'CLOSED', 'give back space', db.path);
  });
});

describe('limitBackgroundWrites', () => {
  it('has taken effect when it returns, whatever waits', async () => {
    const { outcome } = await slowReclaim();
    for (const limit of [0, 1, 32, 1]) coreOf(db).limitBackgroundWrites(limit);
    coreOf(db).limitBackgroundWrites(0);
    expect(await outcome).toBe('done');
  });

  it('is refused once the database is closed', async () => {
    await db.close();
    await expectRocksError(async () => coreOf(db).limitBackgroundWrites(1), 'CLOSED', 'limit', db.path);
  });
});

describe('memtablesToFlush', () => {
  it('counts those of all column families, until they are flushed', async () => {
    const batch = new WriteBatch();
    for (let row = 0; row < 200; row++) batch.put(cf, key(row), Buffer.alloc(ROW_BYTES, row));
    await db.write(batch);
    expect(coreOf(db).memtablesToFlush()).toBe(0);
    coreOf(db).limitBackgroundWrites(1);
    const flush = db.flush();
    await until(() => coreOf(db).memtablesToFlush() === 1);
    coreOf(db).limitBackgroundWrites(0);
    await flush;
    expect(coreOf(db).memtablesToFlush()).toBe(0);
  });

  it('is refused once the database is closed', async () => {
    await db.close();
    await expectRocksError(async () => coreOf(db).memtablesToFlush(), 'CLOSED', 'read a property', db.path);
  });
});

describe('bytesInFiles', () => {
  const measure = (gte: string, lt: string, family = cf) =>
    coreOf(db).bytesInFiles(family, { gte: bytes(gte), lt: bytes(lt) });

  it('is about the size of a range, deleted rows included', async () => {
    await fill();
    const all = measure('0', '9');
    expect(all).toBeGreaterThan(0.9 * ROWS * ROW_BYTES);
    expect(measure('0', '0500') / all).toBeCloseTo(0.5, 1);
    await reclaim();
    expect(measure('0', '9')).toBeLessThan(0.6 * all);
  });

  it('is 0 for what is empty', async () => {
    await fill();
    expect(measure('9', '99')).toBe(0);
    expect(measure('9', '0')).toBe(0);
    expect(measure('0', '0')).toBe(0);
    expect(measure('0', '9', other)).toBe(0);
  });

  it('is refused where the column family was dropped, and once the database is closed', async () => {
    await db.dropColumnFamily('other');
    await expectRocksError(async () => measure('0', '9', other), 'COLUMN_FAMILY_NOT_FOUND', 'measure');
    await db.close();
    await expectRocksError(async () => measure('0', '9'), 'CLOSED', 'measure', db.path);
  });
});
