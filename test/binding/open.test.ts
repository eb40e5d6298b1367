import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Database, RocksError } from '../../binding/index.js';
import { runChild } from '../support/child.js';
import { expectInvalidArgument, expectRocksError } from '../support/failures.js';
import { bytes, openAt, puts, shown, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** The options that RocksDB wrote down when it opened `path`: section, then name, then value. */
function optionsOnDisk(path: string): Map<string, Map<string, string>> {
  const newest = readdirSync(path)
    .filter((name) => /^OPTIONS-\d+$/.test(name))
    .sort()
    .at(-1) as string;
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of readFileSync(join(path, newest), 'utf8').split('\n')) {
    const heading = /^\[(.*)\]$/.exec(line);
    const option = /^ {2}(\w+)=(.*)$/.exec(line);
    if (heading) {
      section = new Map();
      sections.set(heading[1] as string, section);
    } else if (option) section.set(option[1] as string, option[2] as string);
  }
  return sections;
}

const inodesOfWals = (path: string) =>
  readdirSync(path)
    .filter((name) => name.endsWith('.log'))
    .map((name) => statSync(join(path, name)).ino);

// Each test runs against both forms.
const forms = [
  ['open', (path: string, options?: Parameters<typeof Database.open>[1]) => Database.open(path, options)],
  ['openSync', async (path: string, options?: Parameters<typeof Database.open>[1]) => Database.openSync(path, options)],
] as const;

describe.each(forms)('%s', (_, open) => {
  it('creates a database, and the folders above it, where there is none', async () => {
    const path = join(temporaryFolder(), 'a', 'b', 'db');
    const db = await open(path);
    expect(existsSync(join(path, 'CURRENT'))).toBe(true);
    expect(db.path).toBe(path);
    expect(db.closed).toBe(false);
    expect(db.columnFamilies).toEqual(['default']);
    await db.close();
  });

  it('makes a relative path absolute', async () => {
    const path = join(temporaryFolder(), 'db');
    const db = await open(relative(process.cwd(), path));
    expect(db.path).toBe(path);
    await db.close();
  });

  it('takes a path with spaces, quotes and letters of every script', async () => {
    const path = join(temporaryFolder(), 'a b\'c"d', 'журнал-日誌-📓');
    const db = await open(path);
    await db.write(puts(db.columnFamily('default'), { k: 'v' }));
    await db.close();
    expect(existsSync(join(path, 'CURRENT'))).toBe(true);
    const again = await open(path, { createIfMissing: false });
    expect(again.getSync(again.columnFamily('default'), bytes('k'))).toEqual(bytes('v'));
    await again.close();
  });

  it('creates nothing with createIfMissing: false', async () => {
    const path = join(temporaryFolder(), 'db');
    await expectRocksError(() => open(path, { createIfMissing: false }), 'NOT_FOUND', 'open', path);
    expect(existsSync(path)).toBe(false);
  });

  it('refuses an existing database with errorIfExists, and leaves it whole', async () => {
    const path = join(temporaryFolder(), 'db');
    const first = await open(path, { errorIfExists: true });
    await first.write(puts(first.columnFamily('default'), { k: 'v' }));
    await first.close();
    await expectRocksError(() => open(path, { errorIfExists: true }), 'INVALID_ARGUMENT', 'open', path);
    const again = await open(path);
    expect(shown(again.scanSync(again.columnFamily('default')))).toEqual(['k=v']);
    await again.close();
  });

  it('refuses a path that is a file, or that lies below one', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'not a folder');
    await expectRocksError(() => open(file), 'IO_ERROR', 'open', file);
    await expectRocksError(() => open(join(file, 'db')), 'IO_ERROR', 'open', file);
    expect(readFileSync(file, 'utf8')).toBe('not a folder');
  });

  it('opens a folder that exists and is empty', async () => {
    const path = join(temporaryFolder(), 'db');
    mkdirSync(path);
    const db = await open(path);
    expect(db.columnFamilies).toEqual(['default']);
    await db.close();
  });
});

describe.each(forms)('%s: column families', (_, open) => {
  it('creates those that are named and missing', async () => {
    const path = join(temporaryFolder(), 'db');
    const db = await open(path, { columnFamilies: ['log', { name: 'meta' }] });
    expect(db.columnFamilies).toEqual(['default', 'log', 'meta']);
    await db.close();
  });

  it('opens all that are on disk, named or not', async () => {
    const path = join(temporaryFolder(), 'db');
    const first = await open(path, { columnFamilies: ['a', 'b', 'c'] });
    await first.write(puts(first.columnFamily('b'), { k: 'v' }));
    await first.close();

    const unnamed = await open(path);
    expect(unnamed.columnFamilies).toEqual(['a', 'b', 'c', 'default']);
    expect(shown(unnamed.scanSync(unnamed.columnFamily('b')))).toEqual(['k=v']);
    await unnamed.close();

    const oneNamed = await open(path, { columnFamilies: ['c'], createMissingColumnFamilies: false });
    expect(oneNamed.columnFamilies).toEqual(['a', 'b', 'c', 'default']);
    await oneNamed.close();
  });

  it('refuses a missing one with createMissingColumnFamilies: false, and does not stay locked', async () => {
    const path = join(temporaryFolder(), 'db');
    await (await open(path)).close();
    const options = { columnFamilies: ['absent'], createMissingColumnFamilies: false };
    await expectRocksError(() => open(path, options), 'COLUMN_FAMILY_NOT_FOUND', 'open', path, 'absent');
    const db = await open(path);
    expect(db.columnFamilies).toEqual(['default']);
    await db.close();
  });

  it('refuses a name given twice, whether it exists or not', async () => {
    const path = join(temporaryFolder(), 'db');
    const options = { columnFamilies: ['twice', { name: 'twice', writeBufferSize: 1 << 20 }] };
    await expectRocksError(() => open(path, options), 'INVALID_ARGUMENT', 'twice');
    await (await open(path, { columnFamilies: ['twice'] })).close();
    await expectRocksError(() => open(path, options), 'INVALID_ARGUMENT', 'twice');
  });

  it('takes `default` among the names', async () => {
    const db = await open(join(temporaryFolder(), 'db'), {
      columnFamilies: ['default', 'log'],
      createMissingColumnFamilies: true,
    });
    expect(db.columnFamilies).toEqual(['default', 'log']);
    await db.close();
  });
});

describe('open: options that contradict each other', () => {
  it.each([
    ['readOnly', { errorIfExists: true, readOnly: true }],
    ['createIfMissing: false', { errorIfExists: true, createIfMissing: false }],
  ])('refuses errorIfExists together with %s', async (name, options) => {
    const path = join(temporaryFolder(), 'db');
    await expectInvalidArgument(() => Database.open(path, options), 'errorIfExists', name);
    await expectInvalidArgument(() => Database.openSync(path, options), 'errorIfExists', name);
    await (await openAt(path)).close();
    await expectInvalidArgument(() => Database.open(path, options), 'errorIfExists', name);
  });
});

describe('open: sizes', () => {
  it('gives each column family its writeBufferSize', async () => {
    const db = await temporaryDatabase({
      columnFamilies: [
        { name: 'small', writeBufferSize: 64 * 1024 },
        { name: 'default', writeBufferSize: 3 << 20 },
        'plain',
      ],
    });
    await db.createColumnFamily({ name: 'later', writeBufferSize: 5 << 20 });
    const options = optionsOnDisk(db.path);
    const size = (name: string) => options.get(`CFOptions "${name}"`)?.get('write_buffer_size');
    expect(size('small')).toBe(String(64 * 1024));
    expect(size('default')).toBe(String(3 << 20));
    expect(size('plain')).toBe(String(64 << 20));
    expect(size('later')).toBe(String(5 << 20));
  });

  it('caps the WAL at 128 MiB and recycles two files unless told otherwise', async () => {
    const usual = optionsOnDisk((await temporaryDatabase()).path).get('DBOptions');
    expect(usual?.get('max_total_wal_size')).toBe(String(128 << 20));
    expect(usual?.get('recycle_log_file_num')).toBe('2');
    const chosen = optionsOnDisk((await temporaryDatabase({ maxTotalWalSize: 1 << 20, recycleWalFiles: 5 })).path);
    expect(chosen.get('DBOptions')?.get('max_total_wal_size')).toBe(String(1 << 20));
    expect(chosen.get('DBOptions')?.get('recycle_log_file_num')).toBe('5');
  });

  it.each([
    [2, true],
    [0, false],
  ])('with recycleWalFiles: %i, writes a further WAL into an old file: %s', async (recycleWalFiles, recycled) => {
    const db = await temporaryDatabase({ recycleWalFiles });
    const cf = db.columnFamily('default');
    const seen = new Set<number>();
    let again = false;
    for (let round = 0; round < 8; round++) {
      for (const inode of inodesOfWals(db.path)) seen.add(inode);
      // A second link keeps an inode from being given to another file.
      for (const name of readdirSync(db.path).filter((name) => name.endsWith('.log'))) {
        const pin = join(db.path, '..', `pin-${round}-${name}`);
        linkSync(join(db.path, name), pin);
      }
      const before = new Set(readdirSync(db.path));
      db.writeSync(puts(cf, { [`k${round}`]: 'v' }));
      await db.flush();
      for (const name of readdirSync(db.path)) {
        if (name.endsWith('.log') && !before.has(name)) again ||= seen.has(statSync(join(db.path, name)).ino);
      }
    }
    expect(again).toBe(recycled);
    expect(db.scanSync(cf)).toHaveLength(8);
  });
});

describe('open: readOnly', () => {
  it('reads what was written before it opened, beside a live writer, and takes no lock', async () => {
    const writer = await temporaryDatabase({ columnFamilies: ['log'] });
    const log = writer.columnFamily('log');
    await writer.write(puts(log, { a: '1' }));
    const reader = await openAt(writer.path, { readOnly: true });
    await writer.write(puts(log, { b: '2' }));
    expect(reader.columnFamilies).toEqual(['default', 'log']);
    expect(shown(reader.scanSync(reader.columnFamily('log')))).toEqual(['a=1']);
    const second = await openAt(writer.path, { readOnly: true });
    expect(shown(await second.scan(second.columnFamily('log')))).toEqual(['a=1', 'b=2']);
  });

  it('gives all rows up to some moment, however busy the writer beside it', async () => {
    const path = join(temporaryFolder(), 'db');
    let read = 0;
    const readAll = async () => {
      // A sanitizer makes each look ten times as long.
      const enough = Date.now() + 20_000;
      for (let round = 0; round < 40 && Date.now() < enough; round++) {
        const db = await Database.open(path, { readOnly: true }).catch((error: RocksError) => error);
        if (db instanceof RocksError) {
          expect(db.code).toBe('BUSY'); // too busy for this machine: an answer, and no wrong one
          continue;
        }
        const keys = db.scanSync(db.columnFamily('log')).map(({ key }) => Number(key.toString()));
        await db.close();
        expect(keys.length).toBeGreaterThanOrEqual(1000);
        expect(keys.find((key, i) => key !== i)).toBeUndefined();
        read++;
      }
    };
    let reading: Promise<void> | undefined;
    const writer = await runChild('busy-writer.mjs', [path], {
      onOutput: (_, kill) => {
        reading ??= readAll().finally(() => kill('SIGTERM'));
      },
    });
    await reading;
    expect(read).toBeGreaterThan(0);
    expect(writer).toEqual({ code: 0, signal: null, stdout: 'busy\n', stderr: '' });
  });

  it('refuses every write with READ_ONLY', async () => {
    const path = join(temporaryFolder(), 'db');
    const writer = await openAt(path, { columnFamilies: ['log'] });
    await writer.write(puts(writer.columnFamily('log'), { a: '1' }));
    await writer.close();
    const db = await openAt(path, { readOnly: true });
    const cf = db.columnFamily('log');
    await expectRocksError(() => db.write(puts(cf, { b: '2' })), 'READ_ONLY', 'write', path);
    await expectRocksError(() => db.writeSync(puts(cf, { b: '2' })), 'READ_ONLY', 'write', path);
    await expectRocksError(() => db.createColumnFamily('x'), 'READ_ONLY', 'create', path);
    await expectRocksError(() => db.dropColumnFamily('log'), 'READ_ONLY', 'drop', path);
    await expectRocksError(() => db.flush(), 'READ_ONLY', 'flush', path);
    await expectRocksError(() => db.compactRange(cf), 'READ_ONLY', 'compact', path);
    expect(db.columnFamilies).toEqual(['default', 'log']);
    expect(await db.get(db.columnFamily('log'), bytes('a'))).toEqual(bytes('1'));
  });

  it('creates nothing', async () => {
    const path = join(temporaryFolder(), 'db');
    await expectRocksError(() => Database.open(path, { readOnly: true }), 'NOT_FOUND', 'open', path);
    expect(existsSync(path)).toBe(false);
    await (await openAt(path)).close();
    const named = { readOnly: true, columnFamilies: ['absent'] };
    await expectRocksError(() => Database.open(path, named), 'COLUMN_FAMILY_NOT_FOUND', 'open', path, 'absent');
  });
});
