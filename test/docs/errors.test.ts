// The table of docs/errors.md: it has the codes that there are, and each comes as it says.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../binding/database-core.js';
import {
  Database,
  RocksdbStorage,
  RocksError,
  type RocksErrorCode,
  StorageError,
  type StorageErrorCode,
  WriteBatch,
} from '../../lib/index.js';
import { failureOf } from '../support/failures.js';
import { openAt, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

function codesInTable(heading: string): string[] {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([A-Z_]+)` \| (.+) \| (.+) \|$/gm)].map(([, code]) => code as string);
}

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
  ABORTED: reported('ABORTED'),
  BUSY: reported('BUSY'),
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
  NO_SPACE: reported('NO_SPACE'),
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
