// The storages that the contract is tested against, one row each. To add one, add a row.

import { join } from 'node:path';
import type { StorageOptions } from '../../lib/contract/options.js';
import { AsyncMemStorage, AsyncRocksdbStorage, MemStorage, RocksdbStorage } from '../../lib/index.js';
import type { AnyStorage } from '../../lib/testing/storage-suite/any-storage.js';
import { besideBusySnapshots } from './busy-snapshots.js';
import { newColumnFamily } from './shared-database.js';
import { openAt } from './temporary-database.js';
import { temporaryFolder } from './temporary-folder.js';

/** Something done to a log before it is looked at. */
type Step<T, S> = (log: AnyStorage<T, S>) => unknown;

export interface StorageRow {
  name: string;
  /** A new storage after `steps`, ready to be looked at and written on. */
  givenWith<T, S>(options: StorageOptions<T, S>, ...steps: Step<T, S>[]): Promise<AnyStorage<T, S>>;
  /** {@link givenWith} the default codecs, and entries that are strings. */
  given(...steps: Step<string, unknown>[]): Promise<AnyStorage<string>>;
}

/** The name of a log's column family where the database has no other. */
export const LOG = 'log';

export const STORAGES: readonly StorageRow[] = [
  row('MemStorage', async (options, steps) => {
    const storage = new MemStorage(options);
    for (const step of steps) await step(storage);
    return storage;
  }),
  row('AsyncMemStorage', async (options, steps) => {
    const storage = new AsyncMemStorage(options);
    for (const step of steps) await step(storage);
    return storage;
  }),
  row('RocksdbStorage', async (options, steps) => {
    const { database, name } = await newColumnFamily();
    const storage = RocksdbStorage.openIn(database, name, options);
    for (const step of steps) await step(storage);
    return storage;
  }),
  row('AsyncRocksdbStorage', async (options, steps) => {
    const { database, name } = await newColumnFamily();
    const storage = await AsyncRocksdbStorage.openIn(database, name, options);
    for (const step of steps) await step(storage);
    return storage;
  }),
  row('RocksdbStorage, closed and opened again', async (options, steps) => {
    const { database, name } = await newColumnFamily();
    let storage = RocksdbStorage.openIn(database, name, options);
    for (const step of steps) {
      await step(storage);
      storage.close();
      storage = RocksdbStorage.openIn(database, name, options);
    }
    return storage;
  }),
  row('AsyncRocksdbStorage, closed behind each call and opened again', async (options, steps) => {
    const { database, name } = await newColumnFamily();
    let storage = await AsyncRocksdbStorage.openIn(database, name, options);
    for (const step of steps) {
      Promise.resolve(step(storage)).catch(() => {});
      await storage.close();
      storage = await AsyncRocksdbStorage.openIn(database, name, options);
    }
    return storage;
  }),
  row('RocksdbStorage, beside a busy snapshot store', async (options, steps) => {
    const { database, name } = await besideBusySnapshots();
    const storage = RocksdbStorage.openIn(database, name, options);
    for (const step of steps) await step(storage);
    return storage;
  }),
  row('AsyncRocksdbStorage, beside a busy snapshot store', async (options, steps) => {
    const { database, name } = await besideBusySnapshots();
    const storage = await AsyncRocksdbStorage.openIn(database, name, options);
    for (const step of steps) await step(storage);
    return storage;
  }),
  row('AsyncRocksdbStorage, not awaited', async (options, steps) => {
    const { database, name } = await newColumnFamily();
    const storage = await AsyncRocksdbStorage.openIn(database, name, options);
    for (const step of steps) Promise.resolve(step(storage)).catch(() => {});
    return storage;
  }),
  row('AsyncRocksdbStorage, reopened', async (options, steps) => {
    const path = join(temporaryFolder(), 'db');
    let database = await openAt(path, { columnFamilies: [LOG] });
    for (const step of steps) {
      await step(await AsyncRocksdbStorage.openIn(database, LOG, options));
      await database.close();
      database = await openAt(path);
    }
    return AsyncRocksdbStorage.openIn(database, LOG, options);
  }),
  row('RocksdbStorage, reopened', async (options, steps) => {
    const path = join(temporaryFolder(), 'db');
    let database = await openAt(path, { columnFamilies: [LOG] });
    for (const step of steps) {
      await step(RocksdbStorage.openIn(database, LOG, options));
      await database.close();
      database = await openAt(path);
    }
    return RocksdbStorage.openIn(database, LOG, options);
  }),
];

function row(
  name: string,
  givenWith: <T, S>(options: StorageOptions<T, S>, steps: Step<T, S>[]) => Promise<AnyStorage<T, S>>,
): StorageRow {
  return {
    name,
    givenWith: (options, ...steps) => givenWith(options, steps),
    given: (...steps) => givenWith<string, unknown>({}, steps),
  };
}
