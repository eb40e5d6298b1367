// What is asynchronous about AsyncRocksdbStorage. What it stores is tested by the conformance table and the model.

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncRocksdbStorage, type Database, RocksdbStorage, StorageError, WriteBatch } from '../../../lib/index.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let path: string;
let database: Database;
let log: AsyncRocksdbStorage<number>;
beforeEach(async () => {
  path = join(temporaryFolder(), 'db');
  database = await openAt(path, { columnFamilies: ['log', 'other', 'plain'] });
  log = await AsyncRocksdbStorage.openIn(database, 'log');
});

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
const fsyncs = () => Number(database.property('rocksdb.dbstats/db.wal_syncs'));

describe('calls that are not awaited', () => {
  it('append in the order of the calls, and a read called behind them sees them all', async () => {
    const appends = upTo(200).map((i) => log.appendEntry(i));
    const read = log.getSuffix(0);
    const length = log.getLogLen();
    expect(await Promise.all(appends)).toEqual(upTo(200).map((i) => i + 1));
    expect(await read).toEqual(upTo(200));
    expect(await length).toBe(200);
  });

  it('share their fsyncs', async () => {
    const before = fsyncs();
    await Promise.all(upTo(200).map((i) => log.appendEntry(i)));
    expect(fsyncs() - before).toBeLessThan(20);
  });

  it('settle in the order of the calls, reads among them', async () => {
    const settled: number[] = [];
    const calls = upTo(60).map((i) => {
      const call =
        i % 3 === 0
          ? log.appendEntry(i)
          : i % 3 === 1
            ? log.getSuffix(0)
            : i % 2 === 0
              ? log.getLogLen()
              : log.getPromise();
      return call.then(() => settled.push(i));
    });
    await Promise.all(calls);
    expect(settled).toEqual(upTo(60));
  });

  it('settle in the order of the calls, refused ones among them', async () => {
    const settled: number[] = [];
    const bad = undefined as unknown as number;
    const calls = upTo(60).map((i) => {
      const call = [
        () => log.appendEntry(i),
        () => log.appendEntry(bad),
        () => log.getEntries(-1, 0),
        () => log.appendEntries([]),
        () => log.appendEntry(i),
        () => log.getSuffix(0),
      ][i % 6] as () => Promise<unknown>;
      const note = () => settled.push(i);
      return call().then(note, note);
    });
    await Promise.all(calls);
    expect(settled).toEqual(upTo(60));
  });

  it('encode at the call: what becomes of an entry afterwards changes nothing', async () => {
    const objects = await AsyncRocksdbStorage.openIn<{ n: number }>(database, 'other');
    const entry = { n: 1 };
    const appended = objects.appendEntry(entry);
    entry.n = 2;
    await appended;
    expect(await objects.getEntries(0, 1)).toEqual([{ n: 1 }]);
  });
});

describe('a read', () => {
  const ballot = (n: number) => ({ configId: 1, n, priority: 0, pid: 1 });

  it('gives what was there at the call where later calls add to it', async () => {
    const first = log.appendEntries([1, 2]).then(() => log.getLogLen());
    const before = log.getEntries(0, 2);
    const bounds = log.getBounds();
    log.appendEntries([3, 4]);
    expect(await before).toEqual([1, 2]);
    expect(await bounds).toEqual({ first: 0, next: 2 });
    expect(await first).toBe(4);
  });

  it.each<[string, (round: number) => Promise<unknown>, number[]]>([
    ['overwrite it', (round) => log.appendOnPrefix(0, [-round]), [7, 8, 9]],
    ['cut its end off', () => log.appendOnPrefix(1, []), [7, 8, 9]],
    ['trim it', () => log.trim(2), [7, 8, 9]],
    ['compact it', () => log.compact(3, 'snapshot'), [7, 8, 9]],
  ])('gives what was there at the call where later calls %s', async (_, change, expected) => {
    for (let round = 1; round <= 30; round++) {
      await log.setCompactedIdx(0);
      // Whether the queue is at work, has something waiting, or neither.
      const written = round % 3 === 0 ? log.appendEntry(0) : undefined;
      const start = log.appendOnPrefix(0, expected);
      log.setDecidedIdx(3);
      if (round % 3 === 1) await start;
      const reads = [log.getSuffix(0), log.getEntries(0, 3), log.getSuffix(1), log.getLogLen()];
      const changed = change(round);
      log.appendEntry(round);
      expect(await Promise.all(reads)).toEqual([expected, expected, expected.slice(1), 3]);
      await Promise.all([written, start, changed]);
    }
  });

  it('gives the record that was there at the call where later calls set another', async () => {
    for (let n = 1; n <= 30; n++) {
      log.setPromise(ballot(n));
      log.setDecidedIdx(n);
      const reads = [log.getPromise(), log.getDecidedIdx()];
      log.setPromise(ballot(1000));
      log.setDecidedIdx(1000);
      expect(await Promise.all(reads)).toEqual([ballot(n), n]);
    }
  });

  it('of many pages gives one moment, whatever is removed while it lasts', async () => {
    const page = 'x'.repeat(1024 * 1024);
    const long = await AsyncRocksdbStorage.openIn<string>(database, 'other');
    for (let i = 0; i < 10; i++) await long.appendEntry(i + page);
    const read = long.getSuffix(0);
    const later = [long.trim(9), long.appendOnPrefix(10, ['new'])];
    expect((await read).map((entry) => entry.slice(0, 2))).toEqual(upTo(10).map((i) => `${i}x`));
    await Promise.all(later);
    expect((await long.getSuffix(0)).map((entry) => entry.slice(0, 3))).toEqual(['9xx', 'new']);
  });

  it.each(['close', 'closeSync'] as const)('called right before %s is answered in full', async (method) => {
    const long = await AsyncRocksdbStorage.openIn<string>(database, 'other');
    for (let i = 0; i < 10; i++) await long.appendEntry('x'.repeat(1024 * 1024));
    log.appendEntries(upTo(100));
    const reads = Promise.all([log.getSuffix(0), log.getPromise(), log.getLogLen(), long.getEntries(0, 10)]);
    await database[method]();
    const [suffix, promise, length, pages] = await reads;
    expect([suffix, promise, length, pages.length]).toEqual([upTo(100), undefined, 100, 10]);
  });

  it('called before its column family is dropped is answered', async () => {
    log.appendEntries([1, 2]);
    const read = log.getSuffix(0);
    const dropped = database.dropColumnFamily('log');
    expect(await read).toEqual([1, 2]);
    await dropped;
    await expectStorageError(() => log.getSuffix(0), 'COLUMN_FAMILY_NOT_FOUND');
  });

  it('among appends costs them no fsync', async () => {
    const before = fsyncs();
    const calls = upTo(200).flatMap((i) => [log.appendEntry(i), log.getEntries(0, i + 1), log.getPromise()]);
    expect((await Promise.all(calls)).at(-2)).toEqual(upTo(200));
    expect(fsyncs() - before).toBeLessThan(20);
  });
});

describe('several logs on one database', () => {
  it('interleave, each with its own indices, and share their fsyncs with plain writes', async () => {
    const other = await AsyncRocksdbStorage.openIn<number>(database, 'other');
    const plain = database.columnFamily('plain');
    const before = fsyncs();
    await Promise.all(
      upTo(100).flatMap((i) => [
        log.appendEntry(i),
        other.appendEntry(1000 + i),
        database.write(new WriteBatch().put(plain, Buffer.from(`${i}`), Buffer.from('x')), { sync: true }),
      ]),
    );
    expect(fsyncs() - before).toBeLessThan(20);
    expect(await log.getSuffix(0)).toEqual(upTo(100));
    expect(await other.getSuffix(0)).toEqual(upTo(100).map((i) => 1000 + i));
    expect(database.scanSync(plain)).toHaveLength(100);
  });

  it('a blocking write comes after the asynchronous ones called before it', async () => {
    const appended = log.appendEntry(1);
    const plain = database.columnFamily('plain');
    database.writeSync(new WriteBatch().put(plain, Buffer.from('k'), Buffer.from('v')));
    const isThere = database.getSync(database.columnFamily('log'), Buffer.from('L/\0\0\0\0\0\0\0\0')) !== undefined;
    expect(isThere).toBe(true);
    await appended;
  });
});

describe('close with appends in flight', () => {
  it('drains them: each settles, and each is there after a reopen', async () => {
    const appends = upTo(300).map((i) => log.appendEntry(i));
    await database.close();
    expect(await Promise.all(appends)).toHaveLength(300);
    database = await openAt(path);
    expect(RocksdbStorage.openIn<number>(database, 'log').getSuffix(0)).toEqual(upTo(300));
  });

  it('closeSync drains them as well', async () => {
    const appends = upTo(300).map((i) => log.appendEntry(i));
    database.closeSync();
    expect(await Promise.all(appends)).toHaveLength(300);
    database = await openAt(path);
    expect(RocksdbStorage.openIn<number>(database, 'log').getLogLen()).toBe(300);
  });

  it('refuses what is called afterwards, reads and writes, without poisoning anything', async () => {
    await log.appendEntry(1);
    const closing = database.close();
    await expectStorageError(() => log.appendEntry(2), 'ROCKSDB', 'closed');
    await expectStorageError(() => log.getSuffix(0), 'ROCKSDB', 'closed');
    await expectStorageError(() => log.appendEntry(2), 'ROCKSDB', 'closed');
    await closing;
  });
});

describe('a call that is refused', () => {
  it('for its arguments or its codec leaves those around it as they are', async () => {
    const unencodable = (() => {}) as unknown as number;
    const calls = [
      log.appendEntry(1),
      log.appendEntry(undefined as unknown as number),
      log.appendEntries([2, unencodable]),
      log.trim(-1),
      log.appendEntry(2),
    ];
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code))).toEqual([
      1,
      'INVALID_ARGUMENT',
      'CODEC',
      'INVALID_ARGUMENT',
      2,
    ]);
    expect(await log.getSuffix(0)).toEqual([1, 2]);
  });

  it('for a dropped column family harms no other log in the same group', async () => {
    const other = await AsyncRocksdbStorage.openIn<number>(database, 'other');
    await database.dropColumnFamily('other');
    const outcomes = await Promise.allSettled([log.appendEntry(1), other.appendEntry(1), log.appendEntry(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'COLUMN_FAMILY_NOT_FOUND' });
    expect(await log.getSuffix(0)).toEqual([1, 2]);
  });

  it('appends called before their column family was dropped are written before it', async () => {
    const appended = log.appendEntry(1);
    const dropped = database.dropColumnFamily('log');
    expect(await appended).toBe(1);
    await dropped;
    await expectStorageError(() => log.appendEntry(2), 'COLUMN_FAMILY_NOT_FOUND');
  });
});

describe('a queue that is bounded', () => {
  it('makes a write wait for room, and settles all in order', async () => {
    await database.close();
    database = await openAt(path, { maxQueuedBytes: 1 });
    log = await AsyncRocksdbStorage.openIn(database, 'log');
    const before = fsyncs();
    const settled: number[] = [];
    await Promise.all(upTo(30).map((i) => log.appendEntry(i).then((length) => settled.push(length))));
    expect(settled).toEqual(upTo(30).map((i) => i + 1));
    expect(fsyncs() - before).toBe(30); // no two of them were ever in the queue together
    expect(await log.getSuffix(0)).toEqual(upTo(30));
  });

  it('makes a read wait for what was called before it', async () => {
    await database.close();
    database = await openAt(path, { maxQueuedBytes: 1 });
    log = await AsyncRocksdbStorage.openIn(database, 'log');
    const reads = upTo(30).flatMap((i) => {
      log.appendEntry(i);
      return i === 20 ? [log.getSuffix(0), log.appendOnPrefix(0, []), log.getLogLen()] : [log.getLogLen()];
    });
    const answers = await Promise.all(reads);
    expect(answers.slice(19, 24)).toEqual([20, upTo(21), 0, 0, 1]);
    expect(await log.getSuffix(0)).toEqual(upTo(30).slice(21));
  });

  it('writes what a batch held when it was written, whatever becomes of the batch while it waits', async () => {
    await database.close();
    database = await openAt(path, { maxQueuedBytes: 1 });
    const plain = database.columnFamily('plain');
    const batch = new WriteBatch();
    const writes = upTo(10).map((i) => {
      batch.clear().put(plain, Buffer.from(`${i}`), Buffer.alloc(100, i));
      return database.write(batch);
    });
    batch.clear();
    await Promise.all(writes);
    expect(database.scanSync(plain).map(({ key, value }) => [Number(key), value[99]])).toEqual(
      upTo(10).map((i) => [i, i]),
    );
  });

  it.each([1, 100, 64 * 1024 ** 2])(
    'refuses a bad batch at the call, and it alone, with room for %i bytes',
    async (room) => {
      await database.close();
      database = await openAt(path, { maxQueuedBytes: room });
      log = await AsyncRocksdbStorage.openIn(database, 'log');
      const dropped = new WriteBatch().put(database.columnFamily('other'), Buffer.from('k'), Buffer.from('v'));
      await database.dropColumnFamily('other');
      const settled: unknown[] = [];
      const calls = [
        ...upTo(5).map((i) => log.appendEntry(i)),
        log.writeAtomically([{ type: 'appendEntry', entry: -1 }], { alongside: dropped }),
        log.appendEntry(5),
      ].map((call) =>
        call.then(
          (value) => settled.push(value ?? 'written'),
          ({ code }) => settled.push(code),
        ),
      );
      await Promise.all(calls);
      expect(settled).toEqual([1, 2, 3, 4, 5, 'COLUMN_FAMILY_NOT_FOUND', 6]);
      expect(await log.appendEntry(6)).toBe(7);
      expect(await log.getSuffix(0)).toEqual(upTo(7));
    },
  );

  it('does not hold up a close', async () => {
    await database.close();
    database = await openAt(path, { maxQueuedBytes: 1 });
    log = await AsyncRocksdbStorage.openIn(database, 'log');
    const appends = upTo(30).map((i) => log.appendEntry(i));
    database.closeSync();
    expect(await Promise.all(appends)).toHaveLength(30);
  });
});

describe('openIn', () => {
  it('rejects where the column family is missing', async () => {
    await expect(AsyncRocksdbStorage.openIn(database, 'nope')).rejects.toMatchObject({
      code: 'COLUMN_FAMILY_NOT_FOUND',
    });
    await expect(AsyncRocksdbStorage.openIn(database, 'nope')).rejects.toBeInstanceOf(StorageError);
  });

  it('rejects where a record is damaged', async () => {
    const family = database.columnFamily('other');
    database.writeSync(new WriteBatch().put(family, Buffer.from('M/promise'), Buffer.from([9, 1])));
    await expect(AsyncRocksdbStorage.openIn(database, 'other')).rejects.toMatchObject({ code: 'CODEC' });
  });
});
