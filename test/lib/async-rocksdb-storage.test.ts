// What is asynchronous about AsyncRocksdbStorage. What it stores is tested by the conformance table and the model.

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncRocksdbStorage, type Database, RocksdbStorage, StorageError, WriteBatch } from '../../lib/index.js';
import { expectStorageError } from '../support/storage-failures.js';
import { openAt } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

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

  it('read what was there at the call where later calls only add to it', async () => {
    const first = log.appendEntries([1, 2]).then(() => log.getLogLen());
    const before = log.getEntries(0, 2);
    const bounds = log.getBounds();
    log.appendEntries([3, 4]);
    expect(await before).toEqual([1, 2]);
    expect(await bounds).toEqual({ first: 0, next: 2 });
    expect(await first).toBe(4);
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
    expect(RocksdbStorage.openIn<number>(database, 'log').getSuffix(0)).toEqual([1]);
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
