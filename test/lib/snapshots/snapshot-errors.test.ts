// One contract for all that can fail: a StorageError with a code that is documented, never what lies beneath.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { manifestKey } from '../../../lib/format/snapshot-keys.js';
import { encodeManifest } from '../../../lib/format/snapshot-records.js';
import {
  Database,
  RocksdbStorage,
  RocksError,
  SnapshotStore,
  type StorageErrorCode,
  WriteBatch,
} from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import { content, drained, newStore, type OpenStore, SNAPSHOTS } from '../../support/snapshots.js';
import { expectStorageError } from '../../support/storage-failures.js';

let opened: OpenStore;
let store: SnapshotStore;
let log: RocksdbStorage<string>;
beforeEach(async () => {
  opened = await newStore();
  ({ store } = opened);
  log = RocksdbStorage.openIn<string>(opened.db, 'log');
  log.appendEntries(['a', 'b']);
  log.setDecidedIdx(1);
  await store.put('a', 1, content(5000));
});
afterEach(() => {
  jest.restoreAllMocks();
});

const methods: [string, () => Promise<unknown>][] = [
  ['put', () => store.put('b', 1, content(10))],
  ['put of nothing', () => store.put('b', 1, [])],
  ['put without overwrite', () => store.put('b', 1, content(10), { overwrite: false })],
  ['compactTo', () => store.compactTo(log, 'b', 1, content(10))],
  ['restore', () => store.restore(log, 'b', 2, content(10))],
  ['open', () => store.open('a')],
  ['open of what is not there', () => store.open('none')],
  ['get', () => store.get('a')],
  ['list', () => store.list()],
  ['latest', () => store.latest()],
  ['delete', () => store.delete('a')],
  ['prune', () => store.prune({ keep: 0 })],
  ['openIn', () => SnapshotStore.openIn(opened.db, SNAPSHOTS)],
];

describe('a closed database', () => {
  it.each(methods)('is ROCKSDB with the cause CLOSED: %s', async (_, call) => {
    await opened.db.close();
    const error = await expectStorageError(call, 'ROCKSDB');
    expect(error.cause).toBeInstanceOf(RocksError);
    expect(error.cause).toMatchObject({ code: 'CLOSED' });
  });
});

describe('a column family that is dropped', () => {
  it.each(methods)('is COLUMN_FAMILY_NOT_FOUND: %s', async (_, call) => {
    await opened.db.dropColumnFamily(SNAPSHOTS);
    const error = await expectStorageError(call, 'COLUMN_FAMILY_NOT_FOUND');
    expect(error.cause).toMatchObject({ code: 'COLUMN_FAMILY_NOT_FOUND' });
  });

  it.each(methods)('while the call is under way is that, or comes too late: %s', async (_, call) => {
    const outcome = call().catch((error) => error);
    await opened.db.dropColumnFamily(SNAPSHOTS);
    const error = await outcome;
    if (error instanceof Error) expect(error).toMatchObject({ name: 'StorageError', code: expect.any(String) });
  });
});

describe('what the database reports', () => {
  it.each<[string, keyof Database & ('write' | 'scan' | 'get'), () => Promise<unknown>]>([
    ['put', 'write', () => store.put('b', 1, content(10))],
    ['put', 'get', () => store.put('b', 1, content(10))],
    ['delete', 'write', () => store.delete('a')],
    ['delete', 'get', () => store.delete('a')],
    ['prune', 'write', () => store.prune({ keep: 0 })],
    ['prune', 'scan', () => store.prune({ keep: 0 })],
    ['list', 'scan', () => store.list()],
    ['get', 'get', () => store.get('a')],
    ['open', 'get', () => store.open('a')],
    ['openIn', 'scan', async () => SnapshotStore.openIn((await newStoreless()).db, SNAPSHOTS)],
  ])('is ROCKSDB with it as the cause: %s, by %s', async (_, method, call) => {
    const cause = new RocksError('IO_ERROR', 'injected');
    jest.spyOn(Database.prototype, method).mockRejectedValueOnce(cause as never);
    const error = await expectStorageError(call, 'ROCKSDB', 'injected');
    expect(error.cause).toBe(cause);
  });
});

/** A database with an empty column family that no store is open on yet. */
async function newStoreless(): Promise<{ db: Database }> {
  const { db } = opened;
  await db.dropColumnFamily(SNAPSHOTS);
  await db.createColumnFamily(SNAPSHOTS);
  return { db };
}

describe('a batch that would pass 2 GiB', () => {
  it.each<[string, 'put' | 'delete' | 'deleteRange', () => Promise<unknown>]>([
    ['put', 'put', () => store.put('b', 1, content(10))],
    ['put of nothing', 'put', () => store.put('b', 1, [])],
    ['put in place of another', 'deleteRange', () => store.put('a', 1, [])],
    ['delete', 'delete', () => store.delete('a')],
    ['prune', 'deleteRange', () => store.prune({ keep: 0 })],
  ])('is INVALID_ARGUMENT, and changes nothing: %s, by %s', async (_, method, call) => {
    jest.spyOn(WriteBatch.prototype, method).mockImplementationOnce(() => {
      throw new RocksError('INVALID_ARGUMENT', 'it would pass 2 GiB');
    });
    await expectStorageError(call, 'INVALID_ARGUMENT', '2 GiB');
    expect(await store.get('a')).toEqual(content(5000));
    expect(await store.list()).toHaveLength(1);
  });
});

describe('the column family of openIn', () => {
  it.each<[unknown, StorageErrorCode]>([
    ['', 'INVALID_ARGUMENT'],
    ['a\0b', 'INVALID_ARGUMENT'],
    ['\ud800', 'INVALID_ARGUMENT'],
    [7, 'INVALID_ARGUMENT'],
    [undefined, 'INVALID_ARGUMENT'],
    ['none', 'COLUMN_FAMILY_NOT_FOUND'],
    ['log', 'META'],
  ])('%p is %s', async (name, code) => {
    log.appendOnPrefix(0, []); // an empty log is one all the same
    await expectStorageError(() => SnapshotStore.openIn(opened.db, name as string), code);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['a path', '/tmp'],
  ])('of %s, which is no database, is INVALID_ARGUMENT', async (_, db) => {
    await expectStorageError(() => SnapshotStore.openIn(db as Database, SNAPSHOTS), 'INVALID_ARGUMENT', 'db');
  });
});

describe('a snapshot too long for a Buffer', () => {
  it('is INVALID_ARGUMENT for get, which says how to read it', async () => {
    const key = manifestKey('long');
    const fields = { id: 9, index: 1, byteLength: 2 ** 52, chunkBytes: 2 ** 21, createdAt: 0, checksum: 0 };
    await opened.db.write(new WriteBatch().put(opened.family, key, encodeManifest(key, fields)));
    await expectStorageError(() => store.get('long'), 'INVALID_ARGUMENT', '"long"', `${2 ** 52} bytes`, 'open it');
    await expectStorageError(async () => drained(await store.open('long')), 'META', 'missing');
  });
});

describe('what is not the own of a store', () => {
  it('is passed on as it is: an error of a source, one of a database too', async () => {
    for (const cause of [new Error('broken'), new RocksError('IO_ERROR', 'of another'), new TypeError('odd'), 'text']) {
      const broken = (function* () {
        yield content(10);
        throw cause;
      })();
      expect(await failureOf(() => store.put('b', 1, broken))).toBe(cause);
    }
  });

  it('is passed on as it is: the reason of a signal, whatever that is', async () => {
    for (const reason of [new Error('enough'), new RocksError('ABORTED', 'of another'), 'text', 0, null]) {
      const signal = AbortSignal.abort(reason);
      expect(await failureOf(() => store.put('b', 1, content(10), { signal }))).toBe(reason);
      expect(await failureOf(() => store.get('a', { signal }))).toBe(reason);
    }
  });
});
