// A log has one open storage that writes, of either kind, and nobody else's records.

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  AsyncMemStorage,
  AsyncRocksdbStorage,
  type Database,
  MemStorage,
  RocksdbStorage,
  SnapshotStore,
  type StorageOp,
  WriteBatch,
} from '../../../lib/index.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Log = RocksdbStorage<string> | AsyncRocksdbStorage<string>;

let database: Database;
beforeEach(async () => {
  database = await openAt(`${temporaryFolder()}/db`, { columnFamilies: ['log', 'other', 'snapshots', 'mine'] });
});

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

const kinds: [string, (name?: string) => Log | Promise<Log>][] = [
  ['RocksdbStorage', (name = 'log') => RocksdbStorage.openIn<string>(database, name)],
  ['AsyncRocksdbStorage', (name = 'log') => AsyncRocksdbStorage.openIn<string>(database, name)],
];

describe.each(kinds)('a log that a %s has', (_, open) => {
  it.each(kinds)('is refused to a %s, by name, and what is there stays as it is', async (_, openSecond) => {
    const log = await open();
    await log.appendEntry('a');
    await expectStorageError(openSecond, 'INVALID_ARGUMENT', 'log in column family log', database.path, 'close it');
    expect(await log.appendEntry('b')).toBe(2);
    expect(await log.getSuffix(0)).toEqual(['a', 'b']);
    await openSecond('other'); // another log is nobody's business
  });

  it.each(kinds)('is given to a %s once it is closed, with all that was called before', async (_, openNext) => {
    const log = await open();
    const appended = Array.from({ length: 50 }, (_, i) => log.appendEntry(`${i}`));
    const closed = log.close();
    await closed;
    const next = await openNext();
    expect(await next.getLogLen()).toBe(50);
    expect(await Promise.all(appended)).toHaveLength(50);
  });

  it('is closed once, and refuses every call from then on', async () => {
    const log = await open();
    await log.appendEntry('a');
    await log.close();
    await log.close();
    for (const call of [
      () => log.appendEntry('b'),
      () => log.append(['b']),
      () => log.writeAtomically([]),
      () => log.compact(0),
      () => log.getSuffix(0),
      () => log.getPromise(),
      () => log.getLogLen(),
      () => log.getBounds(),
    ]) {
      await expectStorageError(call, 'CLOSED', 'column family log');
    }
    const next = await open();
    await log.close(); // takes nothing from the one that has it now
    await expectStorageError(() => open(), 'INVALID_ARGUMENT');
    expect(await next.getSuffix(0)).toEqual(['a']);
    const store = SnapshotStore.openIn(database, 'log');
    await expect(store).rejects.toMatchObject({ code: 'META' }); // it is a log's all the same
  });

  it.each<[string, (close: () => void) => StorageOp<unknown, unknown>]>([
    [
      'an operation',
      (close) => ({
        type: 'appendEntry',
        get entry() {
          close();
          return { text: 'a' };
        },
      }),
    ],
    [
      'an entry',
      (close) => ({
        type: 'appendEntry',
        entry: {
          get text() {
            close();
            return 'a';
          },
        },
      }),
    ],
  ])('is not given on by code of %s that closes it, before that is written', async (_, op) => {
    const log = (await open()) as RocksdbStorage<unknown> | AsyncRocksdbStorage<unknown>;
    let closed: unknown;
    let inner: unknown;
    const close = () => {
      closed = log.close();
      inner = attempt(() => RocksdbStorage.openIn(database, 'log').appendEntry('inner'));
    };
    const written = log.writeAtomically([op(close)]);
    await closed;
    expect(RocksdbStorage.openIn(database, 'log').getSuffix(0)).toEqual([{ text: 'a' }]);
    await written;
    expect(inner).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('of a closed database is refused for that', async () => {
    await (await open()).appendEntry('a');
    await database.close();
    await expectStorageError(() => open(), 'ROCKSDB', 'closed');
  });

  it('gives an iterator the part that it was asked for before it was closed', async () => {
    const log = await open();
    await log.append(['a', 'b']);
    const iterator = log.entries(0, undefined, { maxBytes: 1 });
    const first = iterator.next();
    await log.close();
    expect(await first).toMatchObject({ value: { index: 0, entry: 'a' } });
    await expectStorageError(() => iterator.next(), 'CLOSED');
  });

  it('is given on where opening it has failed', async () => {
    const family = database.columnFamily('log');
    await database.write(new WriteBatch().put(family, Buffer.from('M/decided_idx'), Buffer.from('short')));
    await expectStorageError(() => open(), 'META');
    await database.write(new WriteBatch().delete(family, Buffer.from('M/decided_idx')));
    await open();
  });

  it('is given on once the storage was collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await (async () => {
      const log = await open();
      await log.appendEntry('a');
    })();
    let next: Log | undefined;
    for (let tries = 0; next === undefined && tries < 100; tries++) {
      await setImmediate(); // who has looked at it keeps it alive until then
      collect();
      try {
        next = await open();
      } catch {
        // not collected yet
      }
    }
    expect(await next?.getSuffix(0)).toEqual(['a']);
  });
});

describe('several openings at once', () => {
  it('give the log to one of them', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => AsyncRocksdbStorage.openIn<string>(database, 'log')),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are all right where the database is read-only: none of them writes', async () => {
    const log = RocksdbStorage.openIn<string>(database, 'log');
    log.appendEntry('a');
    const reader = await openAt(database.path, { readOnly: true });
    const first = RocksdbStorage.openIn<string>(reader, 'log');
    const second = await AsyncRocksdbStorage.openIn<string>(reader, 'log');
    expect([first.getSuffix(0), await second.getSuffix(0)]).toEqual([['a'], ['a']]);
  });

  it('are all right for a column family that was dropped and made again', async () => {
    const log = RocksdbStorage.openIn<string>(database, 'log');
    await database.dropColumnFamily('log');
    await database.createColumnFamily('log');
    RocksdbStorage.openIn<string>(database, 'log').appendEntry('new');
    await expectStorageError(() => log.appendEntry('old'), 'COLUMN_FAMILY_NOT_FOUND');
  });
});

describe.each(kinds)('what is written alongside a %s', (_, open) => {
  it.each<[string, () => unknown]>([
    ['an open log', () => RocksdbStorage.openIn<string>(database, 'other').appendEntry('other')],
    [
      'a log that was closed',
      () => {
        const other = RocksdbStorage.openIn<string>(database, 'other');
        other.appendEntry('other');
        other.close();
      },
    ],
    ['a snapshot store', () => SnapshotStore.openIn(database, 'other')],
    [
      'a log that was not opened since the database was',
      async () => {
        RocksdbStorage.openIn<string>(database, 'other').setPromise({ configId: 1, n: 1, priority: 0, pid: 1 });
        await database.close();
        database = await openAt(database.path);
      },
    ],
    [
      'a snapshot store that was not opened since the database was',
      async () => {
        await (await SnapshotStore.openIn(database, 'other')).put('s', 1, Buffer.from('state'));
        await database.close();
        database = await openAt(database.path);
      },
    ],
  ])('may not touch the column family of %s', async (_, use) => {
    await use();
    const log = await open();
    const batch = new WriteBatch()
      .put(database.columnFamily('mine'), Buffer.from('k'), Buffer.from('v'))
      .deleteRange(database.columnFamily('other'), Buffer.from('A'), Buffer.from('Z'));
    const before = database.scanSync(database.columnFamily('other'));
    const write = () => log.writeAtomically([{ type: 'appendEntry', entry: 'a' }], { alongside: batch });
    await expectStorageError(write, 'INVALID_ARGUMENT', 'options.alongside', 'other');
    expect(database.scanSync(database.columnFamily('other'))).toEqual(before);
    expect(database.scanSync(database.columnFamily('mine'))).toEqual([]);
    expect(await log.getLogLen()).toBe(0);
  });
});

describe.each(kinds)('what is written alongside a %s', (_, open) => {
  it('is what was checked, although code of an operation changes the batch', async () => {
    const log = await open();
    const other = RocksdbStorage.openIn<string>(database, 'other');
    other.appendEntries(['x', 'y']);
    const mine = database.columnFamily('mine');
    const batch = new WriteBatch().put(mine, Buffer.from('k'), Buffer.from('v'));
    const op = {
      type: 'appendEntry' as const,
      get entry() {
        batch.clear().deleteRange(database.columnFamily('other'), Buffer.from('A'), Buffer.from('Z'));
        return 'a';
      },
    };
    await log.writeAtomically([op], { alongside: batch });
    expect(other.getSuffix(0)).toEqual(['x', 'y']);
    expect(database.getSync(mine, Buffer.from('k'))?.toString()).toBe('v');
    expect(batch.count).toBe(1);
  });
});

describe("records of a caller's own", () => {
  it('are refused in a column family that has become a log since others were taken', async () => {
    const log = RocksdbStorage.openIn<string>(database, 'log');
    const batch = new WriteBatch().delete(database.columnFamily('other'), Buffer.from('k'));
    log.writeAtomically([], { alongside: batch });
    RocksdbStorage.openIn<string>(database, 'other').appendEntry('a');
    await expectStorageError(() => log.writeAtomically([], { alongside: batch }), 'INVALID_ARGUMENT', 'other');
  });

  it('are written alongside, though their keys look like those of a log or a store', async () => {
    const mine = database.columnFamily('mine');
    const keys = ['L/20261125', 'S/name', 'C/chunk', 'M/mine', 'L/'].map((key) => Buffer.from(key));
    const log = RocksdbStorage.openIn<string>(database, 'log');
    for (let i = 0; i < 2; i++) {
      const batch = new WriteBatch();
      for (const key of keys) batch.put(mine, key, Buffer.from('value'));
      log.writeAtomically([{ type: 'appendEntry', entry: 'a' }], { alongside: batch });
    }
    expect(database.scanSync(mine)).toHaveLength(keys.length);
    await database.close();
    database = await openAt(database.path);
    const again = RocksdbStorage.openIn<string>(database, 'log');
    const batch = new WriteBatch().delete(database.columnFamily('mine'), Buffer.from('L/'));
    again.writeAtomically([], { alongside: batch });
    expect(database.scanSync(database.columnFamily('mine'))).toHaveLength(keys.length - 1);
  });
});

describe('using', () => {
  it('closes what is declared with it', async () => {
    const blocking = RocksdbStorage.openIn<string>(database, 'log');
    blocking[Symbol.dispose]();
    const later = await AsyncRocksdbStorage.openIn<string>(database, 'log');
    await later[Symbol.asyncDispose]();
    RocksdbStorage.openIn<string>(database, 'log');
    const inMemory = new MemStorage<string>();
    inMemory[Symbol.dispose]();
    await expectStorageError(() => inMemory.appendEntry('a'), 'CLOSED', 'in memory');
    const asyncInMemory = new AsyncMemStorage<string>();
    await asyncInMemory[Symbol.asyncDispose]();
    await expectStorageError(() => asyncInMemory.appendEntry('a'), 'CLOSED', 'in memory');
  });
});
