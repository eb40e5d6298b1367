// What `console.log` shows of each object of the package.

import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  AsyncMemStorage,
  AsyncRocksdbStorage,
  Database,
  MemStorage,
  RocksdbStorage,
  SnapshotStore,
  WriteBatch,
} from '../../lib/index.js';
import { temporaryDatabase } from '../support/temporary-database.js';

const oneLine = (value: unknown) => inspect(value, { breakLength: Number.POSITIVE_INFINITY });

describe('console.log of a storage', () => {
  it('shows where its log is, where that begins and ends, and what is compacted and decided', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = RocksdbStorage.openIn(db, 'log');
    log.appendEntries(['a', 'b', 'c']);
    log.setDecidedIdx(2);
    log.compact(1);
    const state = 'first: 1, next: 3, compactedIdx: 1, decidedIdx: 2';
    expect(oneLine(log)).toBe(`RocksdbStorage { path: '${db.path}', columnFamily: 'log', ${state} }`);
    log.close();
    const later = await AsyncRocksdbStorage.openIn(db, 'log');
    expect(oneLine(later)).toBe(`AsyncRocksdbStorage { path: '${db.path}', columnFamily: 'log', ${state} }`);
  });

  it('shows one in memory without a place', () => {
    const state = 'first: 0, next: 0, compactedIdx: 0, decidedIdx: 0';
    expect(oneLine(new MemStorage())).toBe(`MemStorage { ${state} }`);
    expect(oneLine(new AsyncMemStorage())).toBe(`AsyncMemStorage { ${state} }`);
  });
});

describe.each([Database, WriteBatch, RocksdbStorage, AsyncRocksdbStorage, MemStorage, AsyncMemStorage, SnapshotStore])(
  'console.log of what has the class %p and not its inside',
  ({ prototype }) => {
    it('throws nothing', () => {
      for (const value of [prototype, Object.create(prototype), new Proxy(prototype, {})]) oneLine(value);
    });
  },
);
