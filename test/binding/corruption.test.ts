import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Database, RocksError, type Row, WriteBatch } from '../../binding/index.js';
import { expectRocksError, failureOf } from '../support/failures.js';
import { bytes, collect, openAt, shown } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROWS = 2000;
const key = (i: number) => bytes(String(i).padStart(5, '0'));

/** A closed database, all of whose rows are in one SST file. */
let whole: string;
let expected: string[];

beforeAll(async () => {
  whole = join(temporaryFolder(), 'whole');
  const db = await Database.open(whole);
  const batch = new WriteBatch();
  for (let i = 0; i < ROWS; i++) batch.put(db.columnFamily('default'), key(i), Buffer.alloc(100, 97 + (i % 26)));
  await db.write(batch);
  await db.flush();
  expected = shown(db.scanSync(db.columnFamily('default')));
  await db.close();
});

function copyOfWhole(): string {
  const path = join(temporaryFolder(), 'db');
  cpSync(whole, path, { recursive: true });
  return path;
}

function fileOf(path: string, kind: RegExp): string {
  return join(path, readdirSync(path).find((name) => kind.test(name)) as string);
}

function flip(file: string, offset: number): void {
  const content = readFileSync(file);
  content[offset] = (content[offset] as number) ^ 0x55;
  writeFileSync(file, content);
}

const SST = /\.sst$/;

describe('a damaged data block', () => {
  // One byte in the middle of the file: the block of some row near the middle.
  const damaged = async () => {
    const path = copyOfWhole();
    const sst = fileOf(path, SST);
    flip(sst, Math.floor(statSync(sst).size / 2));
    const db = await openAt(path);
    return { db, cf: db.columnFamily('default') };
  };

  it('gives CORRUPTION to scan and scanSync, in both directions, and never a part of the rows', async () => {
    const { db, cf } = await damaged();
    for (const reverse of [false, true]) {
      await expectRocksError(() => db.scan(cf, { reverse }), 'CORRUPTION', 'scan', 'default', db.path);
      await expectRocksError(() => db.scanSync(cf, { reverse }), 'CORRUPTION', 'scan', 'default', db.path);
      await expectRocksError(() => db.scanSync(cf, { reverse, gt: bytes('') }), 'CORRUPTION');
    }
  });

  it('gives CORRUPTION to iterate, once the rows before it were given', async () => {
    const { db, cf } = await damaged();
    for (const reverse of [false, true]) {
      const rows: Row[] = [];
      const reading = async () => {
        for await (const row of db.iterate(cf, { reverse })) rows.push(row);
      };
      await expectRocksError(reading, 'CORRUPTION', 'scan', 'default', db.path);
      expect(rows.length).toBeLessThan(ROWS);
      const inOrder = reverse ? expected.toReversed() : expected;
      expect(shown(rows)).toEqual(inOrder.slice(0, rows.length));
    }
  });

  it('gives CORRUPTION to get and getSync of its keys, and leaves every other key readable', async () => {
    const { db, cf } = await damaged();
    const lost: number[] = [];
    for (let i = 0; i < ROWS; i++) {
      const outcomes = await Promise.allSettled([db.get(cf, key(i)), (async () => db.getSync(cf, key(i)))()]);
      if (outcomes[0].status === 'rejected') {
        lost.push(i);
        for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'CORRUPTION' } });
      } else {
        for (const outcome of outcomes) expect(outcome).toMatchObject({ value: Buffer.alloc(100, 97 + (i % 26)) });
      }
    }
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(100);
    const before = lost[0] as number;
    for (const limit of [1, 10, before]) {
      expect(db.scanSync(cf, { limit })).toHaveLength(limit);
      expect(await collect(db.iterate(cf, { limit }))).toHaveLength(limit);
    }
    await expectRocksError(() => db.getSync(cf, key(lost[0] as number)), 'CORRUPTION', 'get', 'default', db.path);
    await expectRocksError(() => db.scanSync(cf, { limit: before + 1 }), 'CORRUPTION');
  });

  it('gives CORRUPTION to compactRange, and the database can be closed and opened again', async () => {
    const { db, cf } = await damaged();
    // A file alone would be moved down a level without being read.
    await db.write(new WriteBatch().put(cf, key(0), bytes('new')).put(cf, key(ROWS), bytes('new')));
    await db.flush();
    await expectRocksError(() => db.compactRange(cf), 'CORRUPTION', 'compact', 'default', db.path);
    await db.close();
    const again = await openAt(db.path);
    await expectRocksError(() => again.scan(again.columnFamily('default')), 'CORRUPTION');
  });
});

describe('any damaged byte of an SST file', () => {
  it('gives all rows or an error, never fewer or others', async () => {
    const size = statSync(fileOf(whole, SST)).size;
    // Data blocks, and densely the index, the properties and the footer at the end.
    const offsets = [...Array.from({ length: 12 }, (_, i) => Math.floor((i * size) / 12))];
    for (let offset = size - 1500; offset < size; offset += 37) offsets.push(offset);
    const codes = new Map<string, number>();
    for (const offset of offsets) {
      const path = copyOfWhole();
      flip(fileOf(path, SST), offset);
      let outcome: string;
      let db: Database | undefined;
      try {
        db = await Database.open(path);
        const cf = db.columnFamily('default');
        const rows = [db.scanSync(cf), await collect(db.iterate(cf, { reverse: true })), await db.scan(cf)];
        expect(shown(rows[0] ?? [])).toEqual(expected);
        expect(shown(rows[1] ?? [])).toEqual(expected.toReversed());
        expect(shown(rows[2] ?? [])).toEqual(expected);
        outcome = 'whole';
      } catch (error) {
        expect(error).toBeInstanceOf(RocksError);
        outcome = (error as RocksError).code;
      }
      await db?.close();
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
      rmSync(path, { recursive: true });
    }
    expect(codes.get('CORRUPTION')).toBeGreaterThan(offsets.length / 2);
    expect([...codes.keys()].filter((code) => !['CORRUPTION', 'NOT_SUPPORTED', 'whole'].includes(code))).toEqual([]);
  });
});

describe('opening a database with files missing, cut or damaged', () => {
  const MANIFEST = /^MANIFEST-/;
  const half = (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2));

  it.each<[string, (path: string) => void, string]>([
    ['no SST file', (path) => rmSync(fileOf(path, SST)), 'CORRUPTION'],
    ['half an SST file', (path) => half(fileOf(path, SST)), 'CORRUPTION'],
    ['an empty SST file', (path) => truncateSync(fileOf(path, SST), 0), 'CORRUPTION'],
    ['no MANIFEST', (path) => rmSync(fileOf(path, MANIFEST)), 'CORRUPTION'],
    ['an empty MANIFEST', (path) => truncateSync(fileOf(path, MANIFEST), 0), 'CORRUPTION'],
    ['a MANIFEST with a changed byte', (path) => flip(fileOf(path, MANIFEST), 20), 'CORRUPTION'],
    ['an empty CURRENT', (path) => truncateSync(join(path, 'CURRENT'), 0), 'CORRUPTION'],
    ['a CURRENT that names nothing', (path) => writeFileSync(join(path, 'CURRENT'), 'MANIFEST-999999\n'), 'CORRUPTION'],
    ['a CURRENT of nonsense', (path) => writeFileSync(join(path, 'CURRENT'), 'nonsense'), 'CORRUPTION'],
    ['no CURRENT beside everything else', (path) => rmSync(join(path, 'CURRENT')), 'CORRUPTION'],
  ])('%s: a typed error, for both forms and read-only, and no lock is kept', async (_, damage, code) => {
    const path = copyOfWhole();
    damage(path);
    const files = () => readdirSync(path).filter((name) => SST.test(name) || name.endsWith('.log'));
    const before = files();
    await expectRocksError(() => Database.open(path), code as 'CORRUPTION', 'open', path);
    await expectRocksError(() => Database.openSync(path), code as 'CORRUPTION', 'open', path);
    expect(await failureOf(() => Database.open(path, { readOnly: true }))).toBeInstanceOf(RocksError);
    expect(files()).toEqual(before);
    await expectRocksError(() => Database.open(path), code as 'CORRUPTION', 'open', path);
  });
});
