// What a storage tells of the write that ended its writing.

import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import {
  AsyncMemStorage,
  AsyncRocksdbStorage,
  type Database,
  MemStorage,
  RocksdbStorage,
  RocksError,
} from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import { temporaryDatabase } from '../../support/temporary-database.js';

let database: Database;
beforeEach(async () => {
  database = await temporaryDatabase({ columnFamilies: ['log'] });
});
afterEach(() => {
  jest.restoreAllMocks();
});

const failure = new RocksError('IO_ERROR', 'injected');

function failNextWrite(): void {
  jest.spyOn(DatabaseCore.prototype, 'writeSync').mockImplementationOnce(() => {
    throw failure;
  });
  jest.spyOn(DatabaseCore.prototype, 'write').mockImplementationOnce(() => Promise.reject(failure));
}

describe.each([
  ['RocksdbStorage', () => RocksdbStorage.openIn<string>(database, 'log')],
  ['AsyncRocksdbStorage', () => AsyncRocksdbStorage.openIn<string>(database, 'log')],
])('%s', (name, open) => {
  it('is not poisoned at first, nor by what was refused', async () => {
    const log = await open();
    let told: unknown;
    log.whenPoisoned.then((cause) => {
      told = cause;
    });
    await failureOf(() => log.appendEntry(undefined as unknown as string));
    await log.appendEntry('a');
    await setImmediate();
    expect([log.poisoned, told]).toEqual([undefined, undefined]);
  });

  it('tells the cause, to who asks and to who waits, before and after', async () => {
    const log = await open();
    const waited = log.whenPoisoned;
    failNextWrite();
    await failureOf(() => log.appendEntry('a'));
    expect(log.poisoned).toBe(failure);
    expect(await waited).toBe(failure);
    expect(await log.whenPoisoned).toBe(failure);
  });

  it('is what it was before the write that failed, in bounds too, whatever was called behind it', async () => {
    const log = await open();
    await log.appendEntries(['a', 'b']);
    failNextWrite();
    // As the addon does with what was called behind it.
    const notAttempted = new RocksError('ABORTED', 'injected: not attempted');
    jest.spyOn(DatabaseCore.prototype, 'write').mockImplementationOnce(() => Promise.reject(notAttempted));
    const outcomes = await Promise.allSettled([
      (async () => log.appendEntry('c'))(),
      (async () => log.appendEntry('d'))(),
      (async () => log.appendEntries([]))(),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect([await log.getSuffix(0), await log.getBounds(), await log.getLogLen()]).toEqual([
      ['a', 'b'],
      { first: 0, next: 2 },
      2,
    ]);
    expect(inspect(log)).toContain('next: 2');
  });

  it('shows its path, column family and bounds', async () => {
    const log = await open();
    await log.appendEntries(['a', 'b', 'c']);
    await log.setDecidedIdx(2);
    await log.compact(1);
    expect(inspect(log, { breakLength: Number.POSITIVE_INFINITY })).toBe(
      `${name} { path: '${database.path}', columnFamily: 'log', first: 1, next: 3, compactedIdx: 1, decidedIdx: 2 }`,
    );
  });
});

describe.each([
  ['MemStorage', () => new MemStorage<string>()],
  ['AsyncMemStorage', () => new AsyncMemStorage<string>()],
])('%s', (name, open) => {
  it('is never poisoned, and shows its bounds', async () => {
    const log = open();
    await log.appendEntry('a');
    expect(log.poisoned).toBeUndefined();
    expect(inspect(log, { breakLength: Number.POSITIVE_INFINITY })).toBe(
      `${name} { first: 0, next: 1, compactedIdx: 0, decidedIdx: 0 }`,
    );
  });
});
