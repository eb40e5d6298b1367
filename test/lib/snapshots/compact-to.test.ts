// The snapshot store and the log in one atomic write.

import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import {
  AsyncRocksdbStorage,
  type LogStorage,
  MemStorage,
  RocksdbStorage,
  RocksError,
  SnapshotStore,
} from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import { chunkKeys, content, names, newStore, type OpenStore, storeOn } from '../../support/snapshots.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let opened: OpenStore;
let path: string;
beforeEach(async () => {
  opened = await newStore();
  path = opened.db.path;
});

const state = async (log: LogStorage<string, unknown>) => ({
  entries: await log.getSuffix(0),
  floor: await log.getCompactedIdx(),
  decided: await log.getDecidedIdx(),
  next: (await log.getBounds()).next,
});

/** What a process finds that comes after this one. */
async function reopened(): Promise<RocksdbStorage<string>> {
  await opened.db.close();
  opened = await storeOn(await openAt(path));
  return RocksdbStorage.openIn<string>(opened.db, 'log');
}

async function eventLoop(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
}

async function* broken() {
  yield content(2500);
  throw new Error('the source is broken');
}

describe.each<[string, () => LogStorage<string, unknown> | Promise<LogStorage<string, unknown>>]>([
  ['RocksdbStorage', () => RocksdbStorage.openIn<string>(opened.db, 'log')],
  ['AsyncRocksdbStorage', () => AsyncRocksdbStorage.openIn<string>(opened.db, 'log')],
])('%s', (_, open) => {
  describe('compactTo', () => {
    it('makes the snapshot visible, trims the log and moves its floor, in one write with one fsync', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b', 'c', 'd']);
      await log.setDecidedIdx(3);
      const fsyncs = () => Number(opened.db.property('rocksdb.dbstats/db.wal_syncs'));
      const before = fsyncs();
      const info = await opened.store.compactTo(log, 's', 3, content(5500));
      expect(fsyncs() - before).toBe(1);
      expect(info).toMatchObject({ name: 's', index: 3, byteLength: 5500 });
      const expected = { entries: ['d'], floor: 3, decided: 3, next: 4 };
      expect(await state(log)).toEqual(expected);
      expect(await state(await reopened())).toEqual(expected);
      expect(await opened.store.get('s')).toEqual(content(5500));
    });

    it('keeps entries for peers that lag, and never moves the floor back', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b', 'c', 'd']);
      await log.setDecidedIdx(4);
      const floorAfter = async (index: number, keepEntries: number) => {
        await opened.store.compactTo(log, 's', index, content(index), { keepEntries });
        expect(await opened.store.latest()).toMatchObject({ index, byteLength: index });
        return log.getCompactedIdx();
      };
      expect(await floorAfter(3, 10)).toBe(0);
      expect(await floorAfter(4, 2)).toBe(2);
      expect(await floorAfter(3, 3)).toBe(2);
      const expected = { entries: ['c', 'd'], floor: 2, decided: 4, next: 4 };
      expect(await state(log)).toEqual(expected);
      expect(await state(await reopened())).toEqual(expected);
    });

    it('goes all the way to the end of the log, and to a floor where it stands', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b']);
      await log.setDecidedIdx(2);
      await opened.store.compactTo(log, 's', 2, content(10));
      await opened.store.compactTo(log, 's', 2, content(20, 2));
      expect(await state(log)).toEqual({ entries: [], floor: 2, decided: 2, next: 2 });
      await log.appendEntry('c');
      expect(await state(await reopened())).toEqual({ entries: ['c'], floor: 2, decided: 2, next: 3 });
      expect(await chunkKeys(opened)).toHaveLength(1);
    });

    it('lets the log go on while the bytes are stored', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b']);
      await log.setDecidedIdx(2);
      async function* source() {
        yield content(1500);
        await log.appendEntry('c');
        yield content(1500);
        await log.appendEntry('d');
      }
      await opened.store.compactTo(log, 's', 2, source());
      expect(await state(log)).toMatchObject({ entries: ['c', 'd'], floor: 2, next: 4 });
    });

    it('changes nothing where the source throws, or the name is taken', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b']);
      await log.setDecidedIdx(1);
      const before = await state(log);
      expect(await failureOf(() => opened.store.compactTo(log, 's', 1, broken()))).toMatchObject({
        message: 'the source is broken',
      });
      expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
      await opened.store.put('s', 0, content(10));
      const refused = () => opened.store.compactTo(log, 's', 1, content(10), { overwrite: false });
      await expectStorageError(refused, 'INVALID_ARGUMENT', '"s"');
      expect(await state(log)).toEqual(before);
      expect(await chunkKeys(opened)).toHaveLength(1);
    });

    it('refuses an index below the floor or behind the end, also if the log gets there meanwhile', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b', 'c']);
      await log.setDecidedIdx(3);
      await expectStorageError(() => opened.store.compactTo(log, 's', 4, content(1)), 'INVALID_ARGUMENT', 'ends at 3');
      async function* overtaken() {
        yield content(1500);
        await log.compact(2);
      }
      await expectStorageError(
        () => opened.store.compactTo(log, 's', 1, overtaken()),
        'INVALID_ARGUMENT',
        'floor is at 2',
      );
      expect(await state(log)).toMatchObject({ entries: ['c'], floor: 2 });
      expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
    });

    it('never takes the floor back, whenever another compaction comes between', async () => {
      const log = await open();
      await opened.db.createColumnFamily('others');
      const other = await SnapshotStore.openIn(opened.db, 'others');
      for (const overtake of [
        (index: number) => log.compact(index),
        (index: number) => other.compactTo(log, 's', index, content(10)),
      ]) {
        for (let turns = 0; turns < 100; turns += 5) {
          const { next } = await log.getBounds();
          const appended = Array.from({ length: 8 }, () => log.appendEntry('x'));
          log.setDecidedIdx(next + 8);
          const compacted = opened.store.compactTo(log, 's', next + 1, content(10)); // or is refused
          await eventLoop(turns);
          await Promise.allSettled([compacted, overtake(next + 3), ...appended]);
          expect(await state(log)).toMatchObject({ floor: next + 3, entries: Array(5).fill('x') });
        }
      }
    });

    it('leaves nothing where the storage refuses', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b']);
      await log.setDecidedIdx(1);
      await opened.db.createColumnFamily('other');
      const doomed = await AsyncRocksdbStorage.openIn<string>(opened.db, 'other');
      await doomed.appendEntry('x');
      await doomed.setDecidedIdx(1);
      async function* source() {
        yield content(2500);
        await opened.db.dropColumnFamily('other');
      }
      await expectStorageError(() => opened.store.compactTo(doomed, 's', 1, source()), 'COLUMN_FAMILY_NOT_FOUND');
      expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
      await opened.store.compactTo(log, 's', 1, content(1));
    });

    it('leaves nothing where an earlier write has poisoned the storage', async () => {
      const log = await open();
      await log.appendEntries(['a', 'b']);
      await log.setDecidedIdx(1);
      const failure = new RocksError('IO_ERROR', 'injected');
      jest.spyOn(DatabaseCore.prototype, 'writeSync').mockImplementationOnce(() => {
        throw failure;
      });
      jest.spyOn(DatabaseCore.prototype, 'write').mockImplementationOnce(() => Promise.reject(failure));
      try {
        await expectStorageError(() => log.appendEntry('c'), 'ROCKSDB', 'injected');
      } finally {
        jest.restoreAllMocks();
      }
      await expectStorageError(() => opened.store.compactTo(log, 's', 1, content(2500)), 'POISONED');
      expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
      expect(await state(log)).toMatchObject({ entries: ['a', 'b'], floor: 0 });
      await (await reopened()).appendEntry('c');
      expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
    });

    it('refuses a log in memory or in another database, before it takes anything from the source', async () => {
      let taken = false;
      const source = (function* () {
        taken = true;
        yield content(1);
      })();
      const elsewhere = await openAt(join(temporaryFolder(), 'db'), { columnFamilies: ['log'] });
      const other = RocksdbStorage.openIn<string>(elsewhere, 'log');
      const compactTo = (log: unknown, index = 0) =>
        opened.store.compactTo(log as RocksdbStorage<string>, 's', index, source);
      await expectStorageError(() => compactTo(new MemStorage()), 'INVALID_ARGUMENT', 'storage');
      await expectStorageError(() => compactTo(undefined), 'INVALID_ARGUMENT', 'storage');
      await expectStorageError(() => compactTo(other), 'INVALID_ARGUMENT', elsewhere.path);
      const log = await open();
      await expectStorageError(() => compactTo(log, -1), 'INVALID_ARGUMENT', 'index');
      const keeping = { keepEntries: -1 };
      await expectStorageError(
        () => opened.store.compactTo(log as never, 's', 0, source, keeping),
        'INVALID_ARGUMENT',
        'options.keepEntries',
      );
      expect(taken).toBe(false);
    });
  });

  describe('restore', () => {
    it('brings up a fresh replica: the next append lands at the index', async () => {
      const log = await open();
      const info = await opened.store.restore(log, 's', 1000, [content(700), content(2000, 2)]);
      expect(info).toMatchObject({ name: 's', index: 1000, byteLength: 2700 });
      expect(await state(log)).toEqual({ entries: [], floor: 1000, decided: 1000, next: 1000 });
      await log.appendEntry('first');
      expect(await log.getEntries(1000, 1001)).toEqual(['first']);
      expect(await state(await reopened())).toEqual({ entries: ['first'], floor: 1000, decided: 1000, next: 1001 });
      expect(await opened.store.get('s')).toEqual(Buffer.concat([content(700), content(2000, 2)]));
    });

    it('brings a lagging one up to date: what the snapshot covers goes, what it has promised stays', async () => {
      const log = await open();
      const ballot = { configId: 1, n: 4, priority: 0, pid: 2 };
      await log.setPromise(ballot);
      await log.setSnapshot('of its own');
      await log.appendEntries(['a', 'b', 'c']);
      await log.setDecidedIdx(2);
      await opened.store.compactTo(log, 'old', 1, content(10));
      await opened.store.restore(log, 'new', 3, content(20));
      expect(await state(log)).toEqual({ entries: [], floor: 3, decided: 3, next: 3 });
      expect([await log.getPromise(), await log.getSnapshot()]).toEqual([ballot, 'of its own']);
      expect(names(await opened.store.list())).toEqual(['old', 'new']);
    });

    it.each<[string, (log: LogStorage<string, unknown>) => unknown, string]>([
      ['entries past the index', (log) => log.appendEntries(['a', 'b', 'c']), 'a log up to 3'],
      ['a floor past it', (log) => log.setCompactedIdx(3), '3'],
      ['a decided index past it', (log) => log.setDecidedIdx(3), 'the decided index 3'],
      ['a stop-sign', (log) => log.setStopsign({ nextConfig: { configurationId: 2, nodes: [1] } }), 'a stop-sign'],
    ])('refuses a replica with %s, and changes nothing', async (_, given, words) => {
      const log = await open();
      await given(log);
      const before = await state(log);
      await expectStorageError(() => opened.store.restore(log, 's', 2, content(1)), 'INVALID_ARGUMENT', words);
      expect(await state(log)).toEqual(before);
      expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
    });

    it('refuses one that is no longer fresh once the bytes are there', async () => {
      const log = await open();
      async function* source() {
        yield content(1500);
        await log.appendEntries(['a', 'b', 'c']);
      }
      await expectStorageError(() => opened.store.restore(log, 's', 2, source()), 'INVALID_ARGUMENT', 'a log up to 3');
      expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
    });

    it('never takes the decided index back, whenever it is set meanwhile', async () => {
      const log = await open();
      for (let turns = 0; turns < 100; turns += 5) {
        const { next } = await log.getBounds();
        const restored = opened.store.restore(log, 's', next, content(10)); // or is refused
        await eventLoop(turns);
        await Promise.allSettled([restored, log.setDecidedIdx(next + 5)]);
        expect(await log.getDecidedIdx()).toBe(next + 5);
        await opened.store.restore(log, 's', next + 5, content(10));
      }
    });

    it('leaves a replica fresh where the source throws', async () => {
      const log = await open();
      await failureOf(() => opened.store.restore(log, 's', 2, broken()));
      expect(await state(log)).toEqual({ entries: [], floor: 0, decided: 0, next: 0 });
      await opened.store.restore(log, 's', 2, content(1));
    });

    it('takes what another store streams', async () => {
      const from = await newStore();
      await from.store.put('s', 7, content(30_000));
      const log = await open();
      await opened.store.restore(log, 's', 7, await from.store.open('s'));
      expect(await opened.store.get('s')).toEqual(content(30_000));
    });
  });
});

describe('a column family', () => {
  const asLog: [string, (name: string) => unknown][] = [
    ['RocksdbStorage', (name) => RocksdbStorage.openIn<string>(opened.db, name)],
    ['AsyncRocksdbStorage', (name) => AsyncRocksdbStorage.openIn<string>(opened.db, name)],
  ];

  it.each(asLog)('that is open as a store is refused by a %s, while it is empty too', async (_, open) => {
    await expectStorageError(() => open('snapshots'), 'INVALID_ARGUMENT', 'snapshots', 'a snapshot store');
  });

  it.each(asLog)('that holds snapshots is refused by a %s', async (_, open) => {
    await opened.store.put('empty', 1, content(0)); // a manifest alone
    await opened.db.close();
    opened.db = await openAt(path);
    await expectStorageError(() => open('snapshots'), 'META', 'snapshots', 'S/empty');
    opened = await storeOn(opened.db); // what has been refused is not taken
    expect(names(await opened.store.list())).toEqual(['empty']);
  });

  it.each(asLog)('that is open as a %s is refused as a store, while it is empty too', async (_, open) => {
    await open('log');
    const refused = () => SnapshotStore.openIn(opened.db, 'log');
    for (let i = 0; i < 2; i++) await expectStorageError(refused, 'INVALID_ARGUMENT', 'log', 'a log');
  });
});
