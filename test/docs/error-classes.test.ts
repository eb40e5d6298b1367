// One contract for all that can fail: whatever a method is given, it fails with an error of the documented class or not at all.

import { inspect } from 'node:util';
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AsyncMemStorage,
  AsyncRocksdbStorage,
  Database,
  MemStorage,
  RocksdbStorage,
  RocksError,
  SnapshotStore,
  StorageError,
  WriteBatch,
} from '../../lib/index.js';
import { temporaryDatabase } from '../support/temporary-database.js';

describe('whatever a method is given', () => {
  type Target = Record<string, (...args: readonly unknown[]) => unknown>;

  /** Names of the methods that a user may call any number of times. */
  function methodsOf(target: object, ...but: readonly string[]): string[] {
    const names = new Set<string>();
    for (let link = target; link !== Object.prototype; link = Object.getPrototypeOf(link)) {
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(link))) {
        if (typeof value === 'function' && !['constructor', ...but].includes(name)) names.add(name);
      }
    }
    return [...names];
  }

  /** Calls it, and takes what it gives to its end. */
  async function use(target: object, method: string, args: readonly unknown[]): Promise<void> {
    const result = await (target as Target)[method]?.(...args);
    if (typeof result !== 'object' || result === null) return;
    const { destroy, next } = result as Partial<Record<string, unknown>>;
    if (typeof destroy === 'function') destroy.call(result);
    else if (typeof next === 'function') await next.call(result);
  }

  /** Every call with any arguments does what it is to do, or fails with an error that `isOurs`. */
  async function holds(target: object, methods: readonly string[], isOurs: (error: unknown) => boolean) {
    const { db, plausible } = await world();
    const argument = fc.oneof(fc.anything({ withTypedArray: true, withSet: true, withMap: true }), plausible);
    const calls = fc.asyncProperty(
      fc.constantFrom(...methods),
      fc.array(argument, { maxLength: 5 }),
      async (method, args) => {
        try {
          await use(target, method, args);
        } catch (error) {
          if (!isOurs(error)) throw new Error(`${method} failed with ${inspect(error)}`, { cause: error });
        }
      },
    );
    await fc.assert(calls, { numRuns: 500 });
    await db.close();
  }

  /** What looks as if it were right, and is not, or not here. */
  async function world() {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const family = db.columnFamily('log');
    const others = [
      new Proxy(db, {}),
      new Proxy(RocksdbStorage.openIn(db, 'log'), {}),
      new Proxy(new WriteBatch(), {}),
      Object.create(Database.prototype),
      Object.create(WriteBatch.prototype),
      Object.create(RocksdbStorage.prototype),
      Object.create(family),
      {
        [inspect.custom]() {
          throw new Error('not to be shown');
        },
      },
      { alongside: new WriteBatch().put(family, Buffer.from('key'), Buffer.from('value')) },
      { alongside: Object.create(WriteBatch.prototype) },
      { keep: 1 },
      { signal: {} },
      [{ type: 'appendEntry', entry: 1 }],
      [Buffer.from('piece')],
    ];
    return { db, plausible: fc.constantFrom<unknown>('log', 'name', 0, 1, -0, 2 ** 53, db, family, ...others) };
  }

  const isStorageError = (error: unknown) => error instanceof StorageError;
  const isOfDatabase = (error: unknown) =>
    error instanceof RocksError || (error instanceof TypeError && 'code' in error && error.code === 'INVALID_ARGUMENT');

  it.each([
    ['MemStorage', () => new MemStorage()],
    ['AsyncMemStorage', () => new AsyncMemStorage()],
    ['RocksdbStorage', async () => RocksdbStorage.openIn(await temporaryDatabase({ columnFamilies: ['log'] }), 'log')],
    [
      'AsyncRocksdbStorage',
      async () => AsyncRocksdbStorage.openIn(await temporaryDatabase({ columnFamilies: ['log'] }), 'log'),
    ],
    ['SnapshotStore', async () => SnapshotStore.openIn(await temporaryDatabase({ columnFamilies: ['log'] }), 'log')],
  ])('%s fails with a StorageError', async (_, open) => {
    const target = await open();
    await holds(target, methodsOf(target, 'close'), isStorageError);
  });

  it.each([
    ['RocksdbStorage', RocksdbStorage],
    ['AsyncRocksdbStorage', AsyncRocksdbStorage],
    ['SnapshotStore', SnapshotStore],
  ])('%s.openIn fails with a StorageError', async (_, type) => {
    await holds(type, ['openIn'], isStorageError);
  });

  it.each([
    ['Database', () => temporaryDatabase({ columnFamilies: ['log'] })],
    ['WriteBatch', () => new WriteBatch()],
  ])('%s fails with a RocksError, or a TypeError with a code', async (_, open) => {
    const target = await open();
    await holds(target, methodsOf(target, 'close', 'closeSync', 'checkpoint'), isOfDatabase);
  });
});
