// The table of docs/errors.md: it has the codes that there are, and each comes as it says.

import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../binding/database-core.js';
import { asStorageError } from '../../lib/families/reported.js';
import {
  AsyncRocksdbStorage,
  Database,
  RocksdbStorage,
  RocksError,
  type RocksErrorCode,
  StorageError,
  type StorageErrorCode,
  WriteBatch,
} from '../../lib/index.js';
import { runChild } from '../support/child.js';
import { type DiskFaults, hasDiskShim, withFaults } from '../support/disk-shim.js';
import { failureOf } from '../support/failures.js';
import { openAt, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

/** The rows of a table: the code, and what stands beside it. */
function rowsOfTable(heading: string): [code: string, second: string][] {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+) \| (.+) \|$/gm);
  return [...rows].map(([, code, second]) => [code as string, second as string]);
}

const codesInTable = (heading: string) => rowsOfTable(heading).map(([code]) => code);

function codesInSource(file: string, type: string): string[] {
  const union = readFileSync(join(ROOT, file), 'utf8').split(`export type ${type} =`)[1]?.split(';')[0] ?? '';
  return [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code as string);
}

afterEach(() => {
  jest.restoreAllMocks();
});

const newLog = async () => {
  const database = await temporaryDatabase({ columnFamilies: ['log'] });
  return { database, family: database.columnFamily('log'), log: RocksdbStorage.openIn<unknown>(database, 'log') };
};
const put = (database: Database, key: string, value = 'x') =>
  database.writeSync(new WriteBatch().put(database.columnFamily('log'), Buffer.from(key), Buffer.from(value)));
const newPath = () => join(temporaryFolder(), 'db');

/** What RocksDB reports for reasons of its own: as the addon makes it of a status. */
function reported(code: RocksErrorCode): () => unknown {
  return async () => {
    const { log } = await newLog();
    jest.spyOn(DatabaseCore.prototype, 'writeSync').mockImplementationOnce(() => {
      throw new RocksError(code, 'write to it: injected');
    });
    const error = (await failureOf(() => log.appendEntry('a'))) as StorageError;
    expect(error).toMatchObject({ name: 'StorageError', code: 'ROCKSDB' });
    throw error.cause;
  };
}

/** The code that a script tells, which runs in a process of its own: under limits that no test could run in. */
function toldBy(script: string, faults: DiskFaults, code: (stdout: string) => string): () => unknown {
  return async () => {
    const file = fileURLToPath(new URL(`../${script}`, import.meta.url));
    const { stdout } = await runChild(file, [newPath()], { env: withFaults(faults) });
    throw new RocksError(code(stdout) as RocksErrorCode, 'told by a child');
  };
}

/** A writer changes the MANIFEST the whole time. */
async function openBesideBusyWriter(path: string): Promise<void> {
  const manifest = readdirSync(path).find((name) => name.startsWith('MANIFEST')) as string;
  let isSettled = false;
  const opening = Database.open(path, { readOnly: true }).finally(() => {
    isSettled = true;
  });
  opening.catch(() => {});
  while (!isSettled) {
    for (let i = 0; i < 20; i++) appendFileSync(join(path, manifest), '\0');
    await new Promise(setImmediate);
  }
  await (await opening).close();
}

const storageFailures: Record<StorageErrorCode, () => unknown> = {
  async CLOSED() {
    const { log } = await newLog();
    log.close();
    log.appendEntry('a');
  },
  CODEC: async () => (await newLog()).log.appendEntry(new Map()),
  COLUMN_FAMILY_NOT_FOUND: async () => RocksdbStorage.openIn(await temporaryDatabase(), 'none'),
  INVALID_ARGUMENT: async () => (await newLog()).log.trim(-1),
  async LOG_INTEGRITY() {
    const { database, log } = await newLog();
    log.close();
    put(database, 'L/short');
    RocksdbStorage.openIn(database, 'log');
  },
  async META() {
    const { database, log } = await newLog();
    log.close();
    put(database, 'M/decided_idx', 'short');
    RocksdbStorage.openIn(database, 'log');
  },
  async POISONED() {
    const { log } = await newLog();
    jest.spyOn(DatabaseCore.prototype, 'writeSync').mockImplementationOnce(() => {
      throw new RocksError('IO_ERROR', 'injected');
    });
    await failureOf(() => log.appendEntry('a'));
    log.appendEntry('b');
  },
  async ROCKSDB() {
    const { database, log } = await newLog();
    await database.close();
    log.appendEntry('a');
  },
};

const databaseFailures: Record<RocksErrorCode, () => unknown> = {
  ABORTED: hasDiskShim
    ? toldBy('binding/fixtures/out-of-memory.mjs', {}, (stdout) => stdout.split(' ')[1] as string)
    : reported('ABORTED'),
  async BUSY() {
    const path = newPath();
    await (await openAt(path)).close();
    for (;;) await openBesideBusyWriter(path); // where this process had no turn during an attempt, once more
  },
  async CLOSED() {
    const { database, family } = await newLog();
    await database.close();
    database.getSync(family, Buffer.from('k'));
  },
  COLUMN_FAMILY_EXISTS: async () => (await newLog()).database.createColumnFamily('log'),
  COLUMN_FAMILY_NOT_FOUND: async () => (await newLog()).database.columnFamily('none'),
  async CORRUPTION() {
    const path = newPath();
    await (await openAt(path)).close();
    rmSync(join(path, 'CURRENT'));
    await Database.open(path);
  },
  INVALID_ARGUMENT: () => Database.open(newPath(), { maxTotalWalSize: 0 }),
  async IO_ERROR() {
    const path = newPath();
    writeFileSync(path, 'a file');
    await Database.open(join(path, 'below'));
  },
  async LOCKED() {
    const { path } = await temporaryDatabase();
    await Database.open(path);
  },
  NOT_FOUND: () => Database.open(newPath(), { createIfMissing: false }),
  NOT_SUPPORTED: reported('NOT_SUPPORTED'),
  NO_SPACE: hasDiskShim
    ? toldBy('lib/log/fixtures/appends-on-a-full-disk.mjs', { fullFor: 'flushes' }, (told) => JSON.parse(told).other)
    : reported('NO_SPACE'),
  async READ_ONLY() {
    const { database } = await newLog();
    await put(await openAt(database.path, { readOnly: true }), 'k');
  },
  TIMED_OUT: reported('TIMED_OUT'),
};

describe('the table of StorageError', () => {
  it('has the codes that there are', () => {
    expect(codesInTable('StorageError')).toEqual(codesInSource('lib/contract/storage-error.ts', 'StorageErrorCode'));
  });

  it.each(codesInTable('StorageError'))('%s comes as it says', async (code) => {
    const error = await failureOf(storageFailures[code as StorageErrorCode]);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ name: 'StorageError', code });
  });
});

describe('the table of RocksError', () => {
  it('has the codes that there are', () => {
    expect(codesInTable('RocksError')).toEqual(codesInSource('binding/rocks-error.ts', 'RocksErrorCode'));
  });

  it.each(codesInTable('RocksError'))('%s comes as it says', async (code) => {
    const error = await failureOf(databaseFailures[code as RocksErrorCode]);
    expect(error).toBeInstanceOf(RocksError);
    expect(error).toMatchObject({ name: 'RocksError', code });
  });
});

describe('what the database reports', () => {
  it.each(rowsOfTable('RocksError'))('is at a storage what the table says: %s, %s', async (code, atStorage) => {
    const error = asStorageError(new RocksError(code as RocksErrorCode, 'injected'));
    expect(error).toBeInstanceOf(StorageError);
    if (atStorage !== '–') expect(atStorage).toContain(`\`${(error as StorageError).code}\``);
  });

  it('is POISONED at a storage for a write that was not attempted, with the cause of the one that failed', async () => {
    const database = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = await AsyncRocksdbStorage.openIn<string>(database, 'log');
    const failure = new RocksError('IO_ERROR', 'injected');
    const notAttempted = new RocksError('ABORTED', 'injected: not attempted');
    const write = jest.spyOn(DatabaseCore.prototype, 'write');
    for (const error of [failure, notAttempted]) write.mockImplementationOnce(() => Promise.reject(error));
    const [first, second] = await Promise.allSettled([log.appendEntry('a'), log.appendEntry('b')]);
    expect(first).toMatchObject({ reason: { code: 'ROCKSDB', cause: failure } });
    expect(second).toMatchObject({ reason: { code: 'POISONED', cause: failure } });
  });
});

describe('a value of a wrong type', () => {
  it('is a TypeError with the code INVALID_ARGUMENT at the database, and a StorageError at a storage', async () => {
    const { database, family, log } = await newLog();
    for (const call of [
      () => Database.open(7 as never),
      () => database.getSync(family, 'key' as never),
      () => database.columnFamily(undefined as never),
      () => new WriteBatch().put(family, Buffer.from('k'), 'v' as never),
    ]) {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    for (const call of [() => log.trim('1' as never), () => RocksdbStorage.openIn(database, 7 as never)]) {
      expect(await failureOf(call)).toMatchObject({ name: 'StorageError', code: 'INVALID_ARGUMENT' });
    }
  });
});
