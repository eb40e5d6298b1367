import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { openStopped } from '../../binding/database.js';
import { Database } from '../../binding/index.js';
import { fileOf, flip } from '../support/damage-files.js';
import { expectRocksError } from '../support/failures.js';
import { stateOf } from '../support/folder-state.js';
import { bytes, openAt, puts } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let path: string;

/** A closed database with two files. */
beforeEach(async () => {
  path = join(temporaryFolder(), 'db');
  await using db = await Database.open(path);
  for (const letter of ['a', 'b']) {
    const records = Array.from({ length: 500 }, (_, i) => [`${letter}${i}`, 'x'.repeat(100)]);
    await db.write(puts(db.columnFamily('default'), Object.fromEntries(records)));
    await db.flush();
  }
});

describe('verifyChecksums', () => {
  it('finds nothing where nothing is wrong, also while files come and go', async () => {
    const db = await openAt(path);
    const cf = db.columnFamily('default');
    const rounds = Array.from({ length: 20 }, (_, i) => i);
    const busy = (async () => {
      for (const i of rounds) {
        await db.write(puts(cf, { [`c${i}`]: 'x' }));
        await db.flush();
        await db.compactRange(cf);
      }
    })();
    for (const _ of rounds) await db.verifyChecksums();
    await busy;
  });

  it('names each damaged file, whether or not anybody reads from it', async () => {
    const names = [fileOf(path, /\.sst$/)];
    flip(names[0] as string, 3000);
    const db = await openAt(path);
    await expectRocksError(() => db.verifyChecksums(), 'CORRUPTION', 'verify', names[0] as string, 'checksum');
    expect(db.getSync(db.columnFamily('default'), bytes('b499'))).toHaveLength(100);
  });

  it('is refused once the database is closed', async () => {
    const db = await openAt(path);
    await db.close();
    await expectRocksError(() => db.verifyChecksums(), 'CLOSED', path);
  });
});

describe('openStopped', () => {
  it('keeps writers out, is kept out by them, and changes nothing', async () => {
    const before = stateOf(path);
    const reading = await openStopped(path, { tolerateDamage: false });
    await expectRocksError(() => Database.open(path), 'LOCKED', path);
    await (await Database.open(path, { readOnly: true })).close();
    await reading.close();
    expect(stateOf(path)).toEqual(before);
    await openAt(path);
    await expectRocksError(() => openStopped(path, { tolerateDamage: true }), 'LOCKED', path);
  });

  it('makes no LOCK where there is none', async () => {
    rmSync(join(path, 'LOCK'));
    const before = stateOf(path);
    await (await openStopped(path, { tolerateDamage: false })).close();
    expect(stateOf(path)).toEqual(before);
  });

  it('opens without a file only where it is to tolerate that', async () => {
    truncateSync(fileOf(path, /\.sst$/), 1000);
    await expectRocksError(() => openStopped(path, { tolerateDamage: false }), 'CORRUPTION', path);
    const db = await openStopped(path, { tolerateDamage: true });
    await expectRocksError(() => db.verifyChecksums(), 'CORRUPTION', 'it has 1000 bytes, not ');
    await db.close();
  });
});
