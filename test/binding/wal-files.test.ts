// How long the files of WALs are, beside what is written to them.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { inspectFiles } from '../../binding/damage.js';
import { WriteBatch } from '../../binding/index.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { bytes, openAt, shown, temporaryDatabase } from '../support/temporary-database.js';

const BYTES_AHEAD = 256 << 10;
const SEED = Date.now() % 1_000_000;

/** The newest WAL of the database. */
function newestWal(path: string): { name: string; size: number } {
  const name = readdirSync(path)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .at(-1);
  if (name === undefined) throw new Error(`no WAL in ${path}`);
  return { name, size: statSync(join(path, name)).size };
}

const put = (cf: Parameters<WriteBatch['put']>[0], key: string, value: Buffer) =>
  new WriteBatch().put(cf, bytes(key), value);

describe('the file of a WAL', () => {
  it.each([
    [2, 'new'],
    [2, 'opened again'],
    [0, 'new'],
  ])('recycleWalFiles %i, a database that is %s: small syncs seldom make it grow', async (recycleWalFiles, state) => {
    let db = await temporaryDatabase({ recycleWalFiles });
    if (state === 'opened again') {
      db.writeSync(put(db.columnFamily('default'), 'before', bytes('here')));
      await db.close();
      db = await openAt(db.path, { recycleWalFiles });
    }
    const cf = db.columnFamily('default');
    const sizes = new Set<number>();
    let written = 0;
    for (let at = 0; written < 1 << 20; at++) {
      const value = Buffer.alloc(1 + ((at * 977) % 2000), at);
      db.writeSync(put(cf, `k${at}`, value), { sync: true });
      written += value.length;
      sizes.add(newestWal(db.path).size);
    }
    expect(sizes.size).toBeLessThanOrEqual(Math.ceil((2 * written) / BYTES_AHEAD));
  });

  it(`is never shorter than what is synced, at most 256 KiB longer, and cut to it at the end: seed ${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    let db = await temporaryDatabase({ recycleWalFiles: 0 });
    const expected = new Map<string, string>();
    for (let life = 0; life < 6; life++) {
      const cf = db.columnFamily('default');
      let written = 0;
      for (let at = 0; at < 60; at++) {
        const [key, size] = [
          `k${random.within(0, 999)}`,
          random.chance(80) ? random.within(0, 3000) : random.within(0, 200_000),
        ];
        const value = 'v'.repeat(size);
        db.writeSync(put(cf, key, bytes(value)), { sync: random.chance(80) });
        expected.set(key, value);
        written += size;
        // A record's frame, the batch and its testimony come on top.
        expect(newestWal(db.path).size).toBeLessThan(written * 1.01 + at * 100 + 200 + BYTES_AHEAD);
        if (random.chance(3)) {
          await db.flush();
          written = 0;
        }
      }
      expect(shown(db.scanSync(cf))).toEqual([...expected].sort().map(([key, value]) => `${key}=${value}`));
      await db.close();
      const { size } = newestWal(db.path);
      const { damage, walBytes } = await inspectFiles(db.path);
      expect({ damage, size: walBytes >= size }).toEqual({ damage: [], size: true });
      expect(size).toBeLessThan(written * 1.01 + 60 * 100 + 200);
      db = await openAt(db.path, { recycleWalFiles: 0 });
    }
  });
});
