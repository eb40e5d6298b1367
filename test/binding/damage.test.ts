// What had been made durable and is not there any more: a database without it is not opened by accident.

import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { crc32c } from '../../binding/crc32c.js';
import { inspectFiles } from '../../binding/damage.js';
import { type DamageKind, Database } from '../../binding/index.js';
import { recordsOf } from '../damage/physical-records.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, openAt, puts, shown, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const ROWS = 100;
const key = (i: number) => `k${String(i).padStart(3, '0')}`;

/** A database as a killed process leaves it: 100 synced rows in the column family `rows`, in one WAL. */
let killed: string;
/** The same, and what was written before some of the rows lies in older WALs: three of them are still needed. */
let chained: string;
/** A copy of it, which has no watermark. */
let checkpoint: string;

beforeAll(async () => {
  killed = await leftBehind(ROWS);
  chained = await leftBehind(ROWS, 30, 60);
  checkpoint = join(temporaryFolder(), 'checkpoint');
  await using db = await Database.open(copyOf(chained));
  await db.checkpoint(checkpoint);
});

/** `turns`: before these rows the column family `other` is flushed, which begins a WAL; `rows` still needs the old one. */
async function leftBehind(rows: number, ...turns: number[]): Promise<string> {
  const folder = join(temporaryFolder(), 'db');
  const db = await openAt(folder, { columnFamilies: ['rows', 'other'], recycleWalFiles: 0 });
  for (let i = 0; i < rows; i++) {
    if (turns.includes(i)) {
      await db.write(puts(db.columnFamily('other'), { [key(i)]: 'x' }));
      await db.compactRange(db.columnFamily('other'));
    }
    await db.write(puts(db.columnFamily('rows'), { [key(i)]: `v${i}` }), { sync: true });
  }
  const copy = join(temporaryFolder(), 'killed');
  cpSync(folder, copy, { recursive: true });
  return copy;
}

function copyOf(folder: string): string {
  const path = join(temporaryFolder(), 'db');
  cpSync(folder, path, { recursive: true });
  return path;
}

const filesOf = (path: string, kind: RegExp) =>
  readdirSync(path)
    .filter((name) => kind.test(name))
    .sort();
const wals = (path: string) => filesOf(path, /\.log$/);
const only = <T>(all: readonly T[]) => {
  expect(all).toHaveLength(1);
  return all[0] as T;
};

function flip(file: string, offset: number): void {
  const content = readFileSync(file);
  content[offset] = (content[offset] as number) ^ 0x10;
  writeFileSync(file, content);
}

/** Without the zeros that a WAL is written ahead with. */
const sizeOf = (file: string) => readFileSync(file).findLastIndex((byte) => byte !== 0) + 1;

function cut(file: string, bytes: number): void {
  truncateSync(file, sizeOf(file) - bytes);
}

/** Makes the watermark say that the WAL `log` has begun behind `before`, and behind another write. */
function noteLog(path: string, log: number, before: number): void {
  const file = join(path, 'WATERMARK');
  const content = readFileSync(file);
  const slots = [content.subarray(0, 68), content.subarray(4096, 4164)];
  const newest = slots.sort((a, b) => Number(b.readBigUInt64LE(8) - a.readBigUInt64LE(8)))[0] as Buffer;
  newest.writeBigUInt64LE(newest.readBigUInt64LE(16) + 1n, 24);
  newest.writeBigUInt64LE(BigInt(log), 32);
  newest.writeBigUInt64LE(BigInt(before), 40);
  newest.writeUInt32LE(crc32c(newest.subarray(0, 64)), 64);
  writeFileSync(file, content);
}

const hashOf = (path: string) =>
  readdirSync(path)
    .filter((name) => name !== 'LOCK')
    .map((name) => [name, readFileSync(join(path, name)).toString('base64')]);

const manifestOf = (path: string) => readFileSync(join(path, 'CURRENT'), 'utf8').trim();

/** Each does its damage in a copy of `of`, and gives the file in which it is to be found. */
const DAMAGES: Record<string, { of: () => string; kind: DamageKind; harm: (path: string) => string }> = {
  'a bit in the middle of a WAL': {
    of: () => killed,
    kind: 'wal-damaged',
    harm: (path) => {
      const wal = only(wals(path));
      flip(join(path, wal), sizeOf(join(path, wal)) / 2);
      return wal;
    },
  },
  'zeros in the middle of a WAL': {
    of: () => killed,
    kind: 'wal-damaged',
    harm: (path) => {
      const wal = only(wals(path));
      const content = readFileSync(join(path, wal));
      writeFileSync(join(path, wal), content.fill(0, 1000, 3000));
      return wal;
    },
  },
  'a bit in the last record of a WAL': {
    of: () => killed,
    kind: 'wal-cut',
    harm: (path) => {
      const wal = only(wals(path));
      flip(join(path, wal), sizeOf(join(path, wal)) - 3);
      return wal;
    },
  },
  'a WAL that is cut': {
    of: () => killed,
    kind: 'wal-cut',
    harm: (path) => {
      const wal = only(wals(path));
      cut(join(path, wal), 200);
      return wal;
    },
  },
  'an empty WAL': {
    of: () => killed,
    kind: 'wal-cut',
    harm: (path) => {
      const wal = only(wals(path));
      truncateSync(join(path, wal), 0);
      return wal;
    },
  },
  'the only WAL missing': {
    of: () => killed,
    kind: 'wal-missing',
    harm: (path) => {
      const wal = only(wals(path));
      rmSync(join(path, wal));
      return wal;
    },
  },
  'the oldest WAL missing': {
    of: () => chained,
    kind: 'wal-missing',
    harm: (path) => {
      const [oldest] = wals(path) as [string];
      rmSync(join(path, oldest));
      return oldest;
    },
  },
  'a WAL in the middle missing': {
    of: () => chained,
    kind: 'wal-cut',
    harm: (path) => {
      const [before, middle] = wals(path) as [string, string];
      rmSync(join(path, middle));
      return before;
    },
  },
  'the newest WAL missing': {
    of: () => chained,
    kind: 'wal-cut',
    harm: (path) => {
      const [, before, newest] = wals(path) as [string, string, string];
      rmSync(join(path, newest));
      return before;
    },
  },
  'two WALs swapped': {
    of: () => chained,
    kind: 'wal-damaged',
    harm: (path) => {
      const [first, second] = wals(path).map((name) => join(path, name)) as [string, string];
      const content = readFileSync(first);
      cpSync(second, first);
      writeFileSync(second, content);
      return wals(path)[0] as string;
    },
  },
  'a MANIFEST cut at a record': {
    of: () => killed,
    kind: 'manifest-cut',
    harm: (path) => {
      const manifest = manifestOf(path);
      const content = readFileSync(join(path, manifest));
      let last = 0;
      for (let at = 0; at < content.length; at += 7 + content.readUInt16LE(at + 4)) last = at;
      truncateSync(join(path, manifest), last);
      return manifest;
    },
  },
  'a bit in the type of a record of a MANIFEST': {
    of: () => killed,
    kind: 'manifest-damaged',
    harm: (path) => {
      const manifest = manifestOf(path);
      const content = readFileSync(join(path, manifest));
      const second = 7 + content.readUInt16LE(4);
      content[second + 6] = 5;
      writeFileSync(join(path, manifest), content);
      return manifest;
    },
  },
  'a length in a MANIFEST of a checkpoint, which looks as if the file ended there': {
    of: () => checkpoint,
    kind: 'manifest-damaged',
    harm: (path) => {
      const manifest = manifestOf(path);
      const records = recordsOf(readFileSync(join(path, manifest)), manifest);
      flip(join(path, manifest), (records.at(-2)?.start as number) + 5);
      return manifest;
    },
  },
  'a CURRENT that names nothing': {
    of: () => killed,
    kind: 'current-damaged',
    harm: (path) => {
      writeFileSync(join(path, 'CURRENT'), 'MANIFEST-0000');
      return 'CURRENT';
    },
  },
  'a MANIFEST missing': {
    of: () => killed,
    kind: 'current-damaged',
    harm: (path) => {
      rmSync(join(path, manifestOf(path)));
      return 'CURRENT';
    },
  },
  'a watermark that cannot be read': {
    of: () => killed,
    kind: 'watermark-damaged',
    harm: (path) => {
      flip(join(path, 'WATERMARK'), 20);
      flip(join(path, 'WATERMARK'), 4096 + 20);
      return 'WATERMARK';
    },
  },
};

describe.each(Object.entries(DAMAGES))('%s', (_name, { of, kind, harm }) => {
  it('is refused, and nothing is changed', async () => {
    const path = copyOf(of());
    const file = harm(path);
    const before = hashOf(path);
    for (const readOnly of [false, true]) {
      await expectRocksError(
        () => Database.open(path, { readOnly }),
        'CORRUPTION',
        path,
        `${file}, byte `,
        'docs/damage.md',
      );
    }
    expect(hashOf(path)).toEqual(before);
  });

  it('is told with the file', async () => {
    const path = copyOf(of());
    const file = harm(path);
    expect((await inspectFiles(path)).damage).toContainEqual(expect.objectContaining({ kind, file }));
  });
});

describe('the watermark', () => {
  it.each([0, 4096])('counts with one slot damaged, at %i', async (slot) => {
    const path = copyOf(killed);
    flip(join(path, 'WATERMARK'), slot + 20);
    const db = await openAt(path);
    expect(shown(db.scanSync(db.columnFamily('rows')))).toHaveLength(ROWS);
  });

  it('is not needed where the WALs tell enough', async () => {
    const path = copyOf(chained);
    rmSync(join(path, 'WATERMARK'));
    const middle = wals(path)[1] as string;
    cut(join(path, middle), 200);
    await expectRocksError(() => Database.open(path), 'CORRUPTION', middle);
  });

  it('is not needed where the WALs tell how much of the MANIFEST was there', async () => {
    const path = copyOf(chained);
    rmSync(join(path, 'WATERMARK'));
    const manifest = manifestOf(path);
    const ends = recordsOf(readFileSync(join(path, manifest)), manifest).map(({ end }) => end);
    truncateSync(join(path, manifest), ends.at(-2));
    await expectRocksError(() => Database.open(path), 'CORRUPTION', manifest);
  });

  it('is made in a database that has none', async () => {
    const path = copyOf(killed);
    rmSync(join(path, 'WATERMARK'));
    const db = await openAt(path);
    expect(shown(db.scanSync(db.columnFamily('rows')))).toHaveLength(ROWS);
    expect(existsSync(join(path, 'WATERMARK'))).toBe(true);
    await db.close();
    expect(await inspectFiles(path)).toMatchObject({ damage: [], hasWatermark: true });
  });

  it('does not blame WALs of which nothing was synced', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['rows'], recycleWalFiles: 0, maxTotalWalSize: 64 << 10 });
    const rows = db.columnFamily('rows');
    const [full] = wals(db.path);
    for (let i = 0; i < 7; i++) await db.write(puts(rows, { durable: 'x'.repeat(10_000) }), { sync: true });
    // This one finds the WAL full. The default column family moves on as well, and tells no sequence number.
    await db.write(puts(rows, { lost: 'x'.repeat(20_000) }));
    await until(() => wals(db.path).length === 1 && only(wals(db.path)) !== full);
    const { path } = db;
    const copy = copyOf(path);
    await db.close();
    // As if another WAL had begun before the power failed.
    const torn = only(wals(copy));
    cut(join(copy, torn), 10_000);
    writeFileSync(join(copy, '999999.log'), '');
    noteLog(copy, 999_999, Number.parseInt(torn, 10));
    const opened = await openAt(copy);
    expect(shown(opened.scanSync(opened.columnFamily('rows')))).toEqual([`durable=${'x'.repeat(10_000)}`]);
  });

  it('without a database tells that there was one', async () => {
    const path = copyOf(killed);
    for (const name of readdirSync(path)) if (name !== 'WATERMARK') rmSync(join(path, name));
    await expectRocksError(() => Database.open(path), 'CORRUPTION', 'WATERMARK');
    expect(readdirSync(path).sort()).toEqual(['LOCK', 'WATERMARK']);
  });
});

describe("recover: 'as-much-as-is-there'", () => {
  const recover = 'as-much-as-is-there';

  it('opens what is there, tells what is lost, and keeps the evidence', async () => {
    const path = copyOf(killed);
    const wal = only(wals(path));
    flip(join(path, wal), sizeOf(join(path, wal)) / 2);
    const before = hashOf(path);
    const db = await openAt(path, { recover });
    const rows = shown(db.scanSync(db.columnFamily('rows')));
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.length).toBeLessThan(70);
    expect(rows).toEqual(Array.from({ length: rows.length }, (_, i) => `${key(i)}=v${i}`));
    expect(db.recovered).toMatchObject({
      damage: [{ kind: 'wal-damaged', file: wal }],
      lost: { first: rows.length + 1, last: ROWS },
      columnFamilies: ['rows'],
    });
    const evidence = db.recovered?.evidence as string;
    expect(evidence).toContain(join(path, 'damaged-'));
    expect(hashOf(evidence)).toEqual(before);
    await db.close();

    const again = await openAt(path);
    expect(again.recovered).toBeUndefined();
    expect(shown(again.scanSync(again.columnFamily('rows')))).toEqual(rows);
    await again.write(puts(again.columnFamily('rows'), { new: 'x' }), { sync: true });
    await again.close();
    expect((await inspectFiles(path)).damage).toEqual([]);
  });

  it('changes nothing where it is open read-only', async () => {
    const path = copyOf(killed);
    cut(join(path, only(wals(path))), 200);
    const before = hashOf(path);
    const db = await openAt(path, { recover, readOnly: true });
    expect(db.recovered).toMatchObject({ damage: [{ kind: 'wal-cut' }], evidence: undefined });
    expect(db.recovered?.lost?.last).toBe(ROWS);
    await db.close();
    expect(hashOf(path)).toEqual(before);
  });

  it('opens a chain of WALs up to the hole', async () => {
    const path = copyOf(chained);
    rmSync(join(path, wals(path)[1] as string));
    const db = await openAt(path, { recover });
    expect(shown(db.scanSync(db.columnFamily('rows')))).toEqual(
      Array.from({ length: 30 }, (_, i) => `${key(i)}=v${i}`),
    );
  });

  it('is nothing special for a whole database', async () => {
    const path = copyOf(chained);
    const db = await openAt(path, { recover });
    expect(db.recovered).toBeUndefined();
    expect(filesOf(path, /^damaged-/)).toEqual([]);
    expect(db.getSync(db.columnFamily('rows'), bytes(key(ROWS - 1)))).toBeDefined();
  });

  it('takes no other word', async () => {
    const open = () => Database.open(copyOf(killed), { recover: 'all' as 'refuse' });
    await expectRocksError(open, 'INVALID_ARGUMENT', "'refuse' or 'as-much-as-is-there'");
  });
});

it('a delete of an empty range takes a number that recovery does not count', async () => {
  const path = join(temporaryFolder(), 'db');
  for (let i = 0; i < 3; i++) {
    const db = await openAt(path, { columnFamilies: ['rows'] });
    const rows = db.columnFamily('rows');
    expect(shown(db.scanSync(rows))).toHaveLength(i);
    await db.write(puts(rows, { [key(i)]: 'x' }).deleteRange(rows, bytes('z'), bytes('z')), { sync: true });
    await db.close();
  }
});
