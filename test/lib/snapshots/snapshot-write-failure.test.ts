// The write that makes a snapshot visible fails: what is there then, and after a reopen.

import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Database, RocksError, type RocksErrorCode } from '../../../lib/index.js';
import { chunkKeys, content, names, newStore, type OpenStore, storeOn } from '../../support/snapshots.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';

let opened: OpenStore;
beforeEach(async () => {
  opened = await newStore();
  await opened.store.put('a', 1, content(2500));
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** The next synced write, which is the one of a manifest, fails; `happens`: it is on disk all the same. */
function failManifest(code: RocksErrorCode, happens: boolean): void {
  const write = Database.prototype.write;
  let failed = false;
  jest.spyOn(Database.prototype, 'write').mockImplementation(async function (this: Database, batch, options) {
    const fails = !failed && options?.sync === true;
    if (!fails || happens) await write.call(this, batch, options);
    if (!fails) return;
    failed = true;
    throw new RocksError(code, 'injected');
  });
}

async function reopen(): Promise<void> {
  const { path } = opened.db;
  await opened.db.close();
  opened = await storeOn(await openAt(path));
}

it('with an outcome that nobody knows: a reopen finds the new snapshot, whole', async () => {
  failManifest('IO_ERROR', true);
  await expectStorageError(() => opened.store.put('a', 2, content(3500, 2)), 'ROCKSDB', 'injected');
  await reopen();
  expect(await opened.store.list()).toMatchObject([{ name: 'a', index: 2 }]);
  expect(await opened.store.get('a')).toEqual(content(3500, 2));
  expect(await chunkKeys(opened)).toHaveLength(4);
});

it('with an outcome that nobody knows: or the one before, and nothing of the new', async () => {
  failManifest('IO_ERROR', false);
  await expectStorageError(() => opened.store.put('a', 2, content(3500, 2)), 'ROCKSDB', 'injected');
  await reopen();
  expect(await opened.store.get('a')).toEqual(content(2500));
  expect(await chunkKeys(opened)).toHaveLength(3);
});

it('certainly: nothing of the new is left, without a reopen', async () => {
  failManifest('INVALID_ARGUMENT', false);
  await expectStorageError(() => opened.store.put('b', 2, content(3500, 2)), 'INVALID_ARGUMENT', 'injected');
  expect(names(await opened.store.list())).toEqual(['a']);
  expect(await chunkKeys(opened)).toHaveLength(3);
});
