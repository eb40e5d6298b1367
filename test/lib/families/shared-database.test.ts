import { describe, expect, it } from '@jest/globals';
import { RocksdbStorage } from '../../../lib/index.js';
import { observe } from '../../../lib/testing/storage-suite/observe.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt, temporaryDatabase } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ballot = (n: number) => ({ configId: 1, n, priority: 0, pid: 1 });

describe('two logs in two column families of one database', () => {
  it('do not touch each other, through writes, failures and a reopen', async () => {
    const path = temporaryFolder();
    let database = await openAt(path, { columnFamilies: ['a', 'b'] });
    let a = RocksdbStorage.openIn<string>(database, 'a');
    let b = RocksdbStorage.openIn<string>(database, 'b');
    a.appendEntries(['a0', 'a1', 'a2', 'a3']);
    b.appendEntries(['b0', 'b1']);
    a.setPromise(ballot(1));
    b.setPromise(ballot(2));
    a.setDecidedIdx(3);
    a.compact(3, 'a');
    b.setDecidedIdx(2);
    a.appendOnPrefix(3, ['A3']);
    b.setStopsign({ nextConfig: { configurationId: 2, nodes: [1] } });
    await expectStorageError(() => b.appendEntries(['b2', (() => {}) as unknown as string]), 'CODEC');
    const expected = [
      {
        bounds: { first: 3, next: 4 },
        entries: ['A3'],
        logLen: 1,
        promise: ballot(1),
        acceptedRound: undefined,
        decidedIdx: 3,
        compactedIdx: 3,
        stopsign: undefined,
        snapshot: 'a',
      },
      {
        bounds: { first: 0, next: 2 },
        entries: ['b0', 'b1'],
        logLen: 2,
        promise: ballot(2),
        acceptedRound: undefined,
        decidedIdx: 2,
        compactedIdx: 0,
        stopsign: { nextConfig: { configurationId: 2, nodes: [1] } },
        snapshot: undefined,
      },
    ];
    expect([await observe(a), await observe(b)]).toEqual(expected);
    await database.close();
    database = await openAt(path);
    a = RocksdbStorage.openIn(database, 'a');
    b = RocksdbStorage.openIn(database, 'b');
    expect([await observe(a), await observe(b)]).toEqual(expected);
  });

  it('may differ in their codecs', async () => {
    const database = await temporaryDatabase({ columnFamilies: ['a', 'b'] });
    const reversing = {
      encode: (value: string) => Buffer.from([...value].reverse().join('')),
      decode: (bytes: Uint8Array) => [...Buffer.from(bytes).toString()].reverse().join(''),
    };
    const a = RocksdbStorage.openIn<string>(database, 'a', { entryCodec: reversing });
    const b = RocksdbStorage.openIn<string>(database, 'b');
    a.appendEntry('abc');
    b.appendEntry('abc');
    expect([a.getSuffix(0), b.getSuffix(0)]).toEqual([['abc'], ['abc']]);
    expect(database.scanSync(database.columnFamily('a'))[0]?.value.toString('latin1')).toBe('\u0001cba');
  });
});

describe('a log in the column family named default', () => {
  it('is a log like any other', async () => {
    const log = RocksdbStorage.openIn<string>(await temporaryDatabase(), 'default');
    log.appendEntries(['a', 'b']);
    expect(log.getSuffix(0)).toEqual(['a', 'b']);
  });
});
