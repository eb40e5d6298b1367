import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { expectInvalidArgument, expectRocksError, failureOf } from '../support/failures.js';
import { bytes, collect, puts, shown, temporaryDatabase } from '../support/temporary-database.js';
import { until } from '../support/until.js';

// A piece of an iterator is 1000 rows or 256 KiB, whichever is reached first (native/core/iterator.cc).
const MANY = 3500;

let db: Database;
let cf: ColumnFamily;
const key = (i: number) => bytes(String(i).padStart(5, '0'));

beforeEach(async () => {
  db = await temporaryDatabase();
  cf = db.columnFamily('default');
  const batch = new WriteBatch();
  for (let i = 0; i < MANY; i++) batch.put(cf, key(i), bytes(String(i)));
  await db.write(batch);
});

const numbers = (rows: readonly { value: Buffer }[]) => rows.map(({ value }) => Number(value.toString()));
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

describe('iterate', () => {
  it('gives every row of many pieces, in order, in both directions', async () => {
    expect(numbers(await collect(db.iterate(cf)))).toEqual(upTo(MANY));
    expect(numbers(await collect(db.iterate(cf, { reverse: true })))).toEqual(upTo(MANY).reverse());
  });

  it.each([999, 1000, 1001, 1999, 2000, 2001, MANY, MANY + 1])('keeps limit %i across pieces', async (limit) => {
    expect(numbers(await collect(db.iterate(cf, { limit })))).toEqual(upTo(Math.min(limit, MANY)));
    const bounded = { limit, gte: key(100), lt: key(3400) };
    expect(await collect(db.iterate(cf, bounded))).toHaveLength(Math.min(limit, 3300));
  });

  it('keeps maxBytes across pieces, and gives what scan gives', async () => {
    const batch = new WriteBatch();
    for (let i = 0; i < 30; i++) batch.put(cf, bytes(`large${i}`), Buffer.alloc(100_000 + i, i));
    await db.write(batch);
    for (const maxBytes of [1, 8000, 40_000, 262_144, 300_000, 1_000_000, 2_500_000, 1 << 30]) {
      for (const reverse of [false, true]) {
        const iterated = await collect(db.iterate(cf, { maxBytes, reverse }));
        const scanned = db.scanSync(cf, { maxBytes, reverse });
        expect(iterated.map((row) => row.key.toString())).toEqual(scanned.map((row) => row.key.toString()));
        expect(iterated.every((row, i) => row.value.equals(scanned[i]?.value as Buffer))).toBe(true);
      }
    }
  });

  it('sees the moment of its first next(): neither earlier nor later writes', async () => {
    const rows = db.iterate(cf);
    await db.write(new WriteBatch().delete(cf, key(0)));
    expect((await rows.next()).value?.key).toEqual(key(1));
    const change = new WriteBatch().deleteRange(cf, key(2000), key(3000)).put(cf, key(3400), bytes('-1'));
    await db.write(change.put(cf, key(99_999), bytes('-2')));
    await db.flush();
    await db.compactRange(cf);
    expect(numbers(await collect(rows))).toEqual(upTo(MANY - 2, 2));
  });

  it('is its own iterator, and stays done', async () => {
    const rows = db.iterate(cf, { limit: 1 });
    expect(rows[Symbol.asyncIterator]()).toBe(rows);
    expect(await rows.next()).toMatchObject({ done: false });
    expect(await rows.next()).toEqual({ done: true, value: undefined });
    expect(await rows.next()).toEqual({ done: true, value: undefined });
  });

  it('can be left early, by break, return() and an error, and leaves the database usable and closable', async () => {
    for await (const row of db.iterate(cf)) {
      if (row.key.equals(key(1500))) break;
    }
    const rows = db.iterate(cf);
    await rows.next();
    expect(await rows.return?.()).toEqual({ done: true, value: undefined });
    expect(await rows.next()).toEqual({ done: true, value: undefined });
    const failing = async () => {
      for await (const row of db.iterate(cf)) {
        if (row.key.equals(key(1500))) throw new Error('the consumer failed');
      }
    };
    await expect(failing()).rejects.toThrow('the consumer failed');
    const thrown = db.iterate(cf);
    await thrown.next();
    await expect(thrown.throw?.(new Error('thrown in'))).rejects.toThrow('thrown in');
    expect(await db.get(cf, key(1))).toEqual(bytes('1'));
    await db.close();
  });

  it('lets go of what it held when it is left early', async () => {
    const live = () => Number(db.property('rocksdb.num-live-versions'));
    const rows = db.iterate(cf);
    await db.flush();
    await rows.next();
    const before = live();
    for (let i = 0; i < 3; i++) {
      await db.write(puts(cf, { [`extra${i}`]: 'v' }));
      await db.flush();
    }
    expect(live()).toBeGreaterThan(1);
    await rows.return?.();
    // What the iterator held is released on a thread of the database's own; reads queue behind it there.
    for (let i = 0; i < 200 && live() > 1; i++) await db.get(cf, key(0));
    expect(live()).toBe(1);
    expect(before).toBeGreaterThan(0);
  });

  it('serves several iterators at once, each with rows of its own', async () => {
    const all = await Promise.all([
      collect(db.iterate(cf)),
      collect(db.iterate(cf, { reverse: true })),
      collect(db.iterate(cf, { gte: key(1000), lt: key(2500) })),
      ...Array.from({ length: 20 }, (_, i) => collect(db.iterate(cf, { gte: key(i * 100), limit: 1100 }))),
    ]);
    expect(numbers(all[0] ?? [])).toEqual(upTo(MANY));
    expect(numbers(all[1] ?? [])).toEqual(upTo(MANY).reverse());
    expect(numbers(all[2] ?? [])).toEqual(upTo(1500, 1000));
    for (let i = 0; i < 20; i++) expect(numbers(all[i + 3] ?? [])).toEqual(upTo(1100, i * 100));
  });

  it('answers calls of next() that do not wait for each other in order', async () => {
    const rows = db.iterate(cf);
    const answers = await Promise.all(Array.from({ length: MANY + 2 }, () => rows.next()));
    expect(answers.filter(({ done }) => done)).toHaveLength(2);
    expect(numbers(answers.slice(0, MANY).map(({ value }) => value))).toEqual(upTo(MANY));
  });

  it('keeps the rows of earlier pieces as they were', async () => {
    const rows = await collect(db.iterate(cf));
    const again = rows.map(({ key, value }) => `${key}=${value}`);
    for await (const row of db.iterate(cf)) row.value.fill(0);
    expect(rows.map(({ key, value }) => `${key}=${value}`)).toEqual(again);
    expect(shown(db.scanSync(cf, { limit: 2 }))).toEqual(['00000=0', '00001=1']);
  });

  it('ends with CLOSED when its database is closed under it', async () => {
    const rows = db.iterate(cf);
    for (let i = 0; i < 10; i++) await rows.next();
    await db.close();
    await expectRocksError(() => collect(rows), 'CLOSED', 'iterate');
    expect(await rows.next()).toEqual({ done: true, value: undefined });
  });

  it('fails at its first next() where the database is closed before', async () => {
    const rows = db.iterate(cf);
    await db.close();
    await expectRocksError(() => rows.next(), 'CLOSED', 'iterate', db.path);
  });
});

describe('iterate with a signal', () => {
  it.each([0, 1, 999, 1000, 1001, 2500])('ends with its reason behind %i rows', async (count) => {
    const controller = new AbortController();
    const rows = db.iterate(cf, undefined, { signal: controller.signal });
    for (let i = 0; i < count; i++) expect((await rows.next()).done).toBe(false);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await failureOf(() => rows.next())).toBe(reason);
    expect(await rows.next()).toEqual({ done: true, value: undefined });
  });

  it('rejects the next() that waits', async () => {
    const controller = new AbortController();
    const rows = db.iterate(cf, { reverse: true }, { signal: controller.signal });
    const waiting = failureOf(() => rows.next());
    await Promise.resolve();
    controller.abort();
    expect(await waiting).toMatchObject({ name: 'AbortError' });
    await db.close();
  });

  it('begins nothing where it was aborted before', async () => {
    const rows = db.iterate(cf, undefined, { signal: AbortSignal.abort('before') });
    expect(await failureOf(() => rows.next())).toBe('before');
  });

  it('lets go of what it holds at once, not at the next call', async () => {
    const controller = new AbortController();
    const rows = db.iterate(cf, undefined, { signal: controller.signal });
    await rows.next();
    await db.flush();
    await db.write(new WriteBatch().deleteRange(cf, key(0), key(MANY)));
    controller.abort();
    await db.compactRange(cf);
    await until(
      () => db.property('rocksdb.num-snapshots') === '0' && db.property('rocksdb.total-sst-files-size') === '0',
    );
  });

  it('gives every row where it is never aborted, and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    expect(numbers(await collect(db.iterate(cf, {}, { signal })))).toEqual(upTo(MANY));
    for await (const _ of db.iterate(cf, {}, { signal })) break;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each([null, 'now', {}, new AbortController()])('refuses %p', async (signal) => {
    await expectInvalidArgument(() => db.iterate(cf, {}, { signal: signal as never }), 'signal');
  });
});
