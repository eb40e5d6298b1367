// A folder that is moved away from under its database, or replaced: RocksDB would go on in whatever lies at the path.

import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, Database, WriteBatch } from '../../binding/index.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, openAt, puts, shown } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

let db: Database;
let cf: ColumnFamily;
let path: string;
let moved: string;

beforeEach(async () => {
  const folder = temporaryFolder();
  path = join(folder, 'db');
  moved = join(folder, 'moved');
  // Not closed behind the test's back: these closes have something to report.
  db = await Database.open(path, { columnFamilies: [{ name: 'log', writeBufferSize: 65_536 }] });
  cf = db.columnFamily('log');
  await db.write(puts(cf, { before: '1' }), { sync: true });
});

/** What the calls of a database whose folder has gone fail with. */
const expectGone = (call: () => unknown) => expectRocksError(call, 'IO_ERROR', path, 'moved or replaced');

async function replace(): Promise<Database> {
  renameSync(path, moved);
  const other = await openAt(path, { columnFamilies: ['log'] });
  await other.write(puts(other.columnFamily('log'), { other: '1' }), { sync: true });
  return other;
}

describe('a database whose folder was replaced', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a synced write', () => db.write(puts(cf, { late: '1' }), { sync: true })],
    ['an unsynced write', () => db.write(puts(cf, { late: '1' }))],
    ['a blocking write', async () => db.writeSync(puts(cf, { late: '1' }), { sync: true })],
    ['an unsynced blocking write', async () => db.writeSync(puts(cf, { late: '1' }))],
    ['a new column family', () => db.createColumnFamily('new')],
    ['the drop of one', () => db.dropColumnFamily('log')],
    ['a flush', () => db.flush()],
    ['a compaction', () => db.compactRange(cf)],
    ['a checkpoint', () => db.checkpoint(join(temporaryFolder(), 'copy'))],
  ])('refuses every write once it has noticed, by %s', async (_, notice) => {
    const other = await replace();
    const theirs = readdirSync(path);
    await expectRocksError(notice, 'IO_ERROR', 'moved or replaced');
    await expectGone(() => db.write(puts(cf, { after: '1' })));
    await expectGone(() => db.writeSync(puts(cf, { after: '1' }), { sync: true }));
    await expectGone(() => db.createColumnFamily('another'));
    await expectGone(() => db.dropColumnFamily('log'));
    await expectGone(() => db.flush());
    await expectGone(() => db.close());
    await expectGone(() => db.close());
    expect(readdirSync(path)).toEqual(theirs);
    expect(shown(other.scanSync(other.columnFamily('log')))).toEqual(['other=1']);
    const ours = await openAt(moved);
    expect(shown(ours.scanSync(ours.columnFamily('log')))).toEqual(['before=1']);
  });

  it('has every acknowledged write where it is now, of those that go on all the time', async () => {
    const acknowledged = ['before'];
    let refused: unknown;
    const writing = (async () => {
      while (refused === undefined) {
        const key = `k${acknowledged.length}`;
        const written = db.write(new WriteBatch().put(cf, bytes(key), Buffer.alloc(1000)), { sync: true });
        await written.then(
          () => acknowledged.push(key),
          (error: unknown) => {
            refused = error;
          },
        );
      }
    })();
    await until(() => acknowledged.length > 20);
    const other = await replace();
    await writing;
    expect(refused).toMatchObject({ code: 'IO_ERROR' });
    await expectGone(() => db.close());
    expect(shown(other.scanSync(other.columnFamily('log')))).toEqual(['other=1']);
    const ours = await openAt(moved);
    const keys = ours.scanSync(ours.columnFamily('log')).map(({ key }) => key.toString());
    expect(keys.sort()).toEqual(acknowledged.sort());
  });

  it('is told so by close, where nothing was written since', async () => {
    await replace();
    await expectGone(() => db.close());
    const ours = await openAt(moved);
    expect(shown(ours.scanSync(ours.columnFamily('log')))).toEqual(['before=1']);
  });

  it('writes nothing into an empty folder in its place', async () => {
    renameSync(path, moved);
    mkdirSync(path);
    await expectGone(() => db.flush());
    await expectGone(async () => db.closeSync());
    expect(readdirSync(path)).toEqual([]);
    const ours = await openAt(moved);
    expect(shown(ours.scanSync(ours.columnFamily('log')))).toEqual(['before=1']);
  });
});

describe('a database whose folder was moved and came back', () => {
  it('goes on where nothing was written meanwhile', async () => {
    renameSync(path, moved);
    expect(shown(db.scanSync(cf))).toEqual(['before=1']);
    renameSync(moved, path);
    await db.write(puts(cf, { after: '1' }), { sync: true });
    await db.flush();
    expect(shown(db.scanSync(cf))).toEqual(['after=1', 'before=1']);
    await db.close();
  });

  it('refuses every write where one was tried meanwhile', async () => {
    renameSync(path, moved);
    await expectGone(() => db.write(puts(cf, { meanwhile: '1' }), { sync: true }));
    renameSync(moved, path);
    await expectGone(() => db.write(puts(cf, { after: '1' })));
    await expectGone(() => db.close());
    const again = await openAt(path);
    expect(shown(again.scanSync(again.columnFamily('log')))).toEqual(['before=1']);
  });
});
