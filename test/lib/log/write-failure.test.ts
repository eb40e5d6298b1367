// Writes that fail. One whose outcome nobody knows ends all writing; one that was certainly refused ends nothing.

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import { AsyncRocksdbStorage, Database, RocksdbStorage, RocksError, type RocksErrorCode } from '../../../lib/index.js';
import { observe } from '../../../lib/testing/storage-suite/observe.js';
import { runChild } from '../../support/child.js';
import { expectRocksError } from '../../support/failures.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { LOG } from '../../support/storages.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Log = RocksdbStorage<string>;

const ballot = { configId: 1, n: 2, priority: 3, pid: 4 };
const NO_FAILURES = { setDecidedIdx: 0, setCompactedIdx: 0, trim: 0, setSnapshot: 0 };

const writes: [string, (log: Log) => unknown][] = [
  ['appendEntry', (log) => log.appendEntry('d')],
  ['appendEntries', (log) => log.appendEntries(['d', 'e'])],
  ['appendOnPrefix', (log) => log.appendOnPrefix(1, ['B'])],
  ['setPromise', (log) => log.setPromise(ballot)],
  ['setAcceptedRound', (log) => log.setAcceptedRound(ballot)],
  ['setDecidedIdx', (log) => log.setDecidedIdx(2)],
  ['setCompactedIdx', (log) => log.setCompactedIdx(2)],
  ['trim', (log) => log.trim(2)],
  ['setStopsign', (log) => log.setStopsign({ nextConfig: { configurationId: 2, nodes: [1] } })],
  ['setSnapshot', (log) => log.setSnapshot('ab')],
  ['compact', (log) => log.compact(2, 'ab')],
  ['writeAtomically', (log) => log.writeAtomically([{ type: 'appendEntry', entry: 'd' }])],
];

const reallyWrite = DatabaseCore.prototype.writeSync;

let path: string;
let database: Database;
let log: Log;
let writeSync: jest.SpiedFunction<DatabaseCore['writeSync']>;

beforeEach(async () => {
  path = join(temporaryFolder(), 'db');
  database = await openAt(path, { columnFamilies: [LOG, 'other'] });
  log = RocksdbStorage.openIn(database, LOG);
  log.appendEntries(['a', 'b', 'c']);
  log.setDecidedIdx(2);
  writeSync = jest.spyOn(DatabaseCore.prototype, 'writeSync');
});

afterEach(() => writeSync.mockRestore());

/** The next write fails: with nothing of it on disk, or with all of it. */
function failNextWrite(code: RocksErrorCode = 'IO_ERROR', written = false): RocksError {
  const failure = new RocksError(code, `write ${path}: injected`);
  writeSync.mockImplementationOnce(function (this: DatabaseCore, ...args) {
    if (written) reallyWrite.apply(this, args);
    throw failure;
  });
  return failure;
}

describe('a write whose outcome is unknown', () => {
  it.each<RocksErrorCode>(['IO_ERROR', 'NO_SPACE', 'CORRUPTION', 'ABORTED', 'BUSY', 'TIMED_OUT', 'NOT_SUPPORTED'])(
    'with %s throws what the database reports, and every write after it is POISONED by it',
    async (code) => {
      const failure = failNextWrite(code);
      const first = await expectStorageError(() => log.appendEntry('d'), 'ROCKSDB', failure.message);
      expect(first.cause).toBe(failure);
      writeSync.mockClear();
      for (const [, write] of writes) {
        const error = await expectStorageError(() => write(log), 'POISONED', 'reopen');
        expect(error.cause).toBe(failure);
      }
      expect(writeSync).not.toHaveBeenCalled();
    },
  );

  it.each(writes)('poisons by %s as well, and leaves the cursor and all reads as they were', async (_, write) => {
    const before = await observe(log);
    const failure = failNextWrite();
    expect((await expectStorageError(() => write(log), 'ROCKSDB')).cause).toBe(failure);
    expect(await observe(log)).toEqual(before);
    expect((await expectStorageError(() => log.appendEntry('e'), 'POISONED')).cause).toBe(failure);
    expect(await observe(log)).toEqual(before);
    expect(log.getEntries(0, 3)).toEqual(['a', 'b', 'c']);
  });

  it.each(['blocking', 'asynchronous'])(
    'is the next one where the folder of the database was moved: %s',
    async (form) => {
      const at = join(temporaryFolder(), 'db');
      const moved = `${at}-moved`;
      const displaced = await Database.open(at, { columnFamilies: [LOG] });
      const its =
        form === 'blocking'
          ? RocksdbStorage.openIn<string>(displaced, LOG)
          : await AsyncRocksdbStorage.openIn<string>(displaced, LOG);
      await its.appendEntry('a');
      renameSync(at, moved);
      const failure = await expectStorageError(() => its.appendEntry('b'), 'ROCKSDB', 'moved or replaced');
      expect(failure.cause).toMatchObject({ code: 'IO_ERROR' });
      await expectStorageError(() => its.appendEntry('c'), 'POISONED');
      expect(await its.getEntries(0, 1)).toEqual(['a']);
      await expectRocksError(() => displaced.close(), 'IO_ERROR', 'moved or replaced');
      expect(RocksdbStorage.openIn(await openAt(moved), LOG).getLogLen()).toBe(1);
    },
  );

  it('poisons no other storage', async () => {
    const other = RocksdbStorage.openIn<string>(database, 'other');
    failNextWrite();
    await expectStorageError(() => log.appendEntry('d'), 'ROCKSDB');
    expect(other.appendEntry('x')).toBe(1);
  });

  it.each([
    ['not on disk', false, ['a', 'b', 'c']],
    ['on disk all the same', true, ['a', 'b', 'c', 'd']],
  ])('and is %s is found so by the next open, which writes again', async (_, written, entries) => {
    failNextWrite('IO_ERROR', written);
    await expectStorageError(() => log.appendEntry('d'), 'ROCKSDB');
    await database.close();
    const opened = RocksdbStorage.openIn<string>(await openAt(path), LOG);
    expect(opened.getSuffix(0)).toEqual(entries);
    expect(opened.appendEntry('e')).toBe(entries.length + 1);
  });
});

describe('a write that was certainly refused', () => {
  /** `write` is refused again and again, for the same reason, and the log is as it was. */
  async function expectRefusals(refused: Log, code: 'ROCKSDB' | 'COLUMN_FAMILY_NOT_FOUND', cause: RocksErrorCode) {
    for (const [, write] of [...writes, ...writes]) {
      const error = await expectStorageError(() => write(refused), code);
      expect(error.cause).toMatchObject({ name: 'RocksError', code: cause });
    }
    expect(refused.getBounds()).toEqual({ first: 0, next: 3 });
    expect(refused.getLogLen()).toBe(3);
  }

  it('by a closed database poisons nothing', async () => {
    await database.close();
    await expectRefusals(log, 'ROCKSDB', 'CLOSED');
  });

  it('by a database that is open read-only poisons nothing, and reads go on', async () => {
    await database.close();
    const readOnly = RocksdbStorage.openIn<string>(await openAt(path, { readOnly: true }), LOG);
    await expectRefusals(readOnly, 'ROCKSDB', 'READ_ONLY');
    expect(readOnly.getSuffix(0)).toEqual(['a', 'b', 'c']);
  });

  it('for a dropped column family poisons nothing', async () => {
    await database.dropColumnFamily(LOG);
    await expectRefusals(log, 'COLUMN_FAMILY_NOT_FOUND', 'COLUMN_FAMILY_NOT_FOUND');
  });

  it('by a codec or for an argument poisons nothing', async () => {
    await expectStorageError(() => log.appendEntry((() => {}) as unknown as string), 'CODEC');
    await expectStorageError(() => log.trim(-1), 'INVALID_ARGUMENT');
    expect(log.appendEntry('d')).toBe(4);
  });

  it('because a read that it needs has failed poisons nothing', async () => {
    log.appendOnPrefix(9, ['j']);
    log.close();
    const opened = RocksdbStorage.openIn<string>(database, LOG);
    const failure = new RocksError('IO_ERROR', 'scan: injected');
    const scan = jest.spyOn(DatabaseCore.prototype, 'scanSync').mockImplementationOnce(() => {
      throw failure;
    });
    const before = opened.getBounds();
    expect((await expectStorageError(() => opened.appendOnPrefix(5, []), 'ROCKSDB')).cause).toBe(failure);
    scan.mockRestore();
    expect(opened.getBounds()).toEqual(before);
    opened.appendOnPrefix(5, []);
    expect(opened.getBounds()).toEqual({ first: 0, next: 3 });
  });
});

describe('reads of a closed database', () => {
  it('throw what the database reports', async () => {
    await database.close();
    for (const read of [
      () => log.getEntries(0, 1),
      () => log.getSuffix(0),
      () => log.getPromise(),
      () => log.getAcceptedRound(),
      () => log.getDecidedIdx(),
      () => log.getStopsign(),
      () => log.getSnapshot(),
    ]) {
      expect((await expectStorageError(read, 'ROCKSDB')).cause).toMatchObject({ code: 'CLOSED' });
    }
  });
});

describe('failedUnsyncedWrites', () => {
  it('is 0 of each operation at first, and after writes that succeed', () => {
    for (const [, write] of writes) write(log);
    expect(log.failedUnsyncedWrites).toEqual(NO_FAILURES);
  });

  it.each<[string, (log: Log) => unknown, object]>([
    ['setDecidedIdx', (log) => log.setDecidedIdx(2), { setDecidedIdx: 1 }],
    ['setCompactedIdx', (log) => log.setCompactedIdx(2), { setCompactedIdx: 1 }],
    ['trim', (log) => log.trim(2), { trim: 1 }],
    ['setSnapshot', (log) => log.setSnapshot('ab'), { setSnapshot: 1 }],
    ['compact', (log) => log.compact(2, 'ab'), { trim: 1, setCompactedIdx: 1, setSnapshot: 1 }],
    ['compact without a snapshot', (log) => log.compact(2), { trim: 1, setCompactedIdx: 1 }],
  ])('counts a failed %s', async (_, write, counted) => {
    failNextWrite();
    await expectStorageError(() => write(log), 'ROCKSDB');
    expect(log.failedUnsyncedWrites).toEqual({ ...NO_FAILURES, ...counted });
  });

  it('counts on', async () => {
    await database.close();
    for (const decided of [1, 2, 3]) await expectStorageError(() => log.setDecidedIdx(decided), 'ROCKSDB');
    await expectStorageError(() => log.trim(1), 'ROCKSDB');
    expect(log.failedUnsyncedWrites).toEqual({ ...NO_FAILURES, setDecidedIdx: 3, trim: 1 });
  });

  it('counts what is refused because an earlier write failed', async () => {
    failNextWrite();
    await expectStorageError(() => log.appendEntry('d'), 'ROCKSDB');
    await expectStorageError(() => log.setDecidedIdx(1), 'POISONED');
    expect(log.failedUnsyncedWrites).toEqual({ ...NO_FAILURES, setDecidedIdx: 1 });
  });

  it('does not count what must be synced, nor what is synced with it', async () => {
    await database.close();
    await expectStorageError(() => log.appendEntry('d'), 'ROCKSDB');
    await expectStorageError(
      () =>
        log.writeAtomically([
          { type: 'setDecidedIdx', idx: 1 },
          { type: 'setPromise', ballot },
        ]),
      'ROCKSDB',
    );
    expect(log.failedUnsyncedWrites).toEqual(NO_FAILURES);
  });

  it('does not count what was refused before it reached the database', async () => {
    await expectStorageError(() => log.trim(-1), 'INVALID_ARGUMENT');
    await expectStorageError(() => log.setSnapshot(() => {}), 'CODEC');
    expect(log.failedUnsyncedWrites).toEqual(NO_FAILURES);
  });
});

describe('a file that may not grow', () => {
  it('fails a write for real: it is poisoned, and what was acknowledged is there after the next open', async () => {
    const script = fileURLToPath(new URL('fixtures/append-until-it-fails.mjs', import.meta.url));
    const folder = join(temporaryFolder(), 'db');
    // 512-byte blocks: 200 KiB of WAL. The signal would end the process before the write can fail.
    const ending = await runChild(script, [folder], { shell: 'trap "" XFSZ; ulimit -f 400' });
    expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
    const told = JSON.parse(ending.stdout);
    expect(told).toMatchObject({
      first: { name: 'StorageError', code: 'ROCKSDB', cause: 'IO_ERROR' },
      later: Array(3).fill({ name: 'StorageError', code: 'POISONED', cause: 'IO_ERROR' }),
      sameCause: true,
      bounds: { first: 0, next: told.acknowledged },
      readable: told.acknowledged,
      promise: { n: 7 },
    });
    expect(told.acknowledged).toBeGreaterThan(10);

    const reopened = RocksdbStorage.openIn<string>(await openAt(folder), LOG);
    const found = reopened.getSuffix(0).map((entry) => entry.split(' ')[1]);
    expect(found.slice(0, told.acknowledged)).toEqual(Array.from({ length: told.acknowledged }, (_, i) => `${i}`));
    // The write that failed may be there, nothing after it.
    expect(found.length).toBeLessThanOrEqual(told.acknowledged + 1);
    expect(reopened.getPromise()).toMatchObject({ n: 7 });
    expect(reopened.appendEntry('goes on')).toBe(found.length + 1);
  });
});
