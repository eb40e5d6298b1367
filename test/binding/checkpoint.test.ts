import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnFamily, Database } from '../../binding/index.js';
import { type Ending, runChild } from '../support/child.js';
import { hasDiskShim, withFaults } from '../support/disk-shim.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, openAt, puts, shown, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let db: Database;
let cf: ColumnFamily;
let log: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase({ columnFamilies: ['log'] });
  cf = db.columnFamily('default');
  log = db.columnFamily('log');
});

describe('checkpoint', () => {
  it('refuses a database that is open read-only: it would lack what is in the WAL alone', async () => {
    await db.write(puts(cf, { a: '1' }), { sync: true });
    const reader = await openAt(db.path, { readOnly: true });
    const path = join(temporaryFolder(), 'copy');
    await expectRocksError(() => reader.checkpoint(path), 'READ_ONLY', 'checkpoint');
    expect(existsSync(path)).toBe(false);
  });

  it('is a copy that opens on its own while the original goes on', async () => {
    const path = join(temporaryFolder(), 'copy');
    await db.write(puts(cf, { a: '1' }).put(log, bytes('b'), bytes('2')));
    await db.flush();
    await db.write(puts(cf, { c: 'in the WAL' }));
    expect(await db.checkpoint(path)).toBeUndefined();
    await db.write(puts(cf, { d: 'after' }).delete(cf, bytes('a')));

    const copy = await openAt(path);
    expect(copy.columnFamilies).toEqual(['default', 'log']);
    expect(shown(copy.scanSync(copy.columnFamily('default')))).toEqual(['a=1', 'c=in the WAL']);
    expect(shown(copy.scanSync(copy.columnFamily('log')))).toEqual(['b=2']);
    await copy.write(puts(copy.columnFamily('log'), { b: 'of the copy' }), { sync: true });
    await copy.flush();
    expect(shown(db.scanSync(log))).toEqual(['b=2']);
    expect(shown(db.scanSync(cf))).toEqual(['c=in the WAL', 'd=after']);
    await db.close();
    expect(shown(copy.scanSync(copy.columnFamily('log')))).toEqual(['b=of the copy']);
  });

  it('is consistent while writes go on', async () => {
    let going = true;
    const writing = (async () => {
      for (let i = 0; going; i++) await db.write(puts(cf, { n: String(i) }).put(log, bytes('n'), bytes(String(i))));
    })();
    for (let round = 0; round < 5; round++) {
      const copy = join(temporaryFolder(), 'copy');
      await db.checkpoint(copy);
      const opened = await openAt(copy, { readOnly: true });
      const [one, other] = [opened.columnFamily('default'), opened.columnFamily('log')];
      expect(opened.getSync(one, bytes('n'))).toEqual(opened.getSync(other, bytes('n')));
    }
    going = false;
    await writing;
  });

  it('is whole, however often a WAL gives way to the next meanwhile', async () => {
    const busy = await temporaryDatabase({ maxTotalWalSize: 512 << 10 });
    const family = busy.columnFamily('default');
    let written = 0;
    let isWriting = true;
    const writing = (async () => {
      for (; isWriting; written++) {
        const value = 'x'.repeat(200 + (written % 7) * 300);
        await busy.write(puts(family, { [`k${String(written).padStart(6, '0')}`]: value }), { sync: true });
      }
    })();
    for (let i = 0; i < 60; i++) {
      const path = join(temporaryFolder(), 'copy');
      const before = written;
      await busy.checkpoint(path);
      const copy = await openAt(path, { readOnly: i % 2 === 0 });
      expect(copy.scanSync(copy.columnFamily('default')).length).toBeGreaterThanOrEqual(before);
      await copy.close();
    }
    isWriting = false;
    await writing;
  });

  it('refuses a folder or a file that exists, and leaves it alone', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'copy'));
    writeFileSync(join(folder, 'copy', 'mine'), 'mine');
    writeFileSync(join(folder, 'file'), 'mine');
    await expectRocksError(() => db.checkpoint(join(folder, 'copy')), 'INVALID_ARGUMENT', 'checkpoint', folder);
    await expectRocksError(() => db.checkpoint(join(folder, 'file')), 'INVALID_ARGUMENT', 'checkpoint', folder);
    await expectRocksError(() => db.checkpoint(db.path), 'INVALID_ARGUMENT', 'checkpoint', db.path);
    expect(readdirSync(join(folder, 'copy'))).toEqual(['mine']);
  });

  it('refuses a path whose parent is not there', async () => {
    const path = join(temporaryFolder(), 'absent', 'copy');
    await expectRocksError(() => db.checkpoint(path), 'IO_ERROR', 'checkpoint', path);
    expect(existsSync(path)).toBe(false);
  });

  it('takes a relative path, and an ending slash', async () => {
    const copy = join(temporaryFolder(), 'copy');
    await db.write(puts(cf, { a: '1' }));
    await db.checkpoint(`${copy}/`);
    const opened = await openAt(copy, { readOnly: true });
    expect(shown(opened.scanSync(opened.columnFamily('default')))).toEqual(['a=1']);
  });

  it('refuses a path that cannot be made, and takes the longest name that there is', async () => {
    const folder = temporaryFolder();
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    await expectRocksError(() => db.checkpoint(join(folder, 'dangling')), 'INVALID_ARGUMENT', 'checkpoint');
    await expectRocksError(() => db.checkpoint(join(folder, 'dangling', 'below')), 'IO_ERROR', 'checkpoint');
    writeFileSync(join(folder, 'file'), '');
    await expectRocksError(() => db.checkpoint(join(folder, 'file', 'below')), 'IO_ERROR', 'checkpoint');
    await expectRocksError(() => db.checkpoint(join(folder, 'n'.repeat(300))), 'IO_ERROR', 'checkpoint');
    const longest = join(folder, 'n'.repeat(255));
    await db.checkpoint(longest);
    expect(readdirSync(folder).sort()).toEqual(['dangling', 'file', 'n'.repeat(255)]);
  });

  it('lets one of several calls that race win, and leaves nothing else behind', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'copy');
    const other = await temporaryDatabase();
    const calls = await Promise.allSettled([db, other, db, other].map((each) => each.checkpoint(path)));
    const lost = calls.filter((call) => call.status === 'rejected');
    expect(lost).toHaveLength(3);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readdirSync(folder)).toEqual(['copy']);
  });
});

describe('what lies beside a checkpoint', () => {
  it('is not touched, whatever its name', async () => {
    const folder = temporaryFolder();
    const content: Record<string, string> = {
      'copy.tmp/thesis.txt': 'mine',
      'copy.tmp/sub/thesis.txt': 'mine',
      '.copy.tmp': 'mine',
      '.omnipaxos-rocksdb-checkpoint-aaaaaa/copy/thesis.txt': 'no note',
      '.omnipaxos-rocksdb-checkpoint-bbbbbb/target': 'not such a note',
      '.omnipaxos-rocksdb-checkpoint-cccccc': 'a file',
      '.omnipaxos-rocksdb-checkpoint-dddddd/target/another/mine': 'of another target',
      '.omnipaxos-rocksdb-checkpoint-eeeeee/target/copy': 'a file',
      '.omnipaxos-rocksdb-checkpoint-ffffff/thesis.txt': 'mine',
    };
    for (const [name, text] of Object.entries(content)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    await db.checkpoint(join(folder, 'copy'));
    for (const [name, text] of Object.entries(content)) {
      expect([name, readFileSync(join(folder, name), 'utf8')]).toEqual([name, text]);
    }
  });

  it('may be a live database', async () => {
    const folder = temporaryFolder();
    const live = await openAt(join(folder, 'copy.tmp'));
    await live.write(puts(live.columnFamily('default'), { mine: '1' }), { sync: true });
    await db.checkpoint(join(folder, 'copy'));
    await live.close();
    const again = await openAt(join(folder, 'copy.tmp'));
    expect(shown(again.scanSync(again.columnFamily('default')))).toEqual(['mine=1']);
  });

  it('is not touched where it is empty, but not as a checkpoint would have made it', async () => {
    const folder = temporaryFolder();
    const others = join(folder, '.omnipaxos-rocksdb-checkpoint-gggggg');
    mkdirSync(others, { mode: 0o755 });
    symlinkSync(temporaryFolder(), join(folder, '.omnipaxos-rocksdb-checkpoint-hhhhhh'));
    await db.checkpoint(join(folder, 'copy'));
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('is removed where an earlier checkpoint to the same path was killed', async () => {
    const folder = temporaryFolder();
    const left = join(folder, '.omnipaxos-rocksdb-checkpoint-iiiiii');
    mkdirSync(join(left, 'target', 'copy'), { recursive: true });
    mkdirSync(join(left, 'copy.tmp'));
    writeFileSync(join(left, 'copy.tmp', 'CURRENT'), '');
    await db.checkpoint(join(folder, 'copy'));
    expect(readdirSync(folder)).toEqual(['copy']);
  });

  it('is left alone where more was put into it than a checkpoint makes', async () => {
    const folder = temporaryFolder();
    const left = join(folder, '.omnipaxos-rocksdb-checkpoint-jjjjjj');
    mkdirSync(join(left, 'target', 'copy'), { recursive: true });
    writeFileSync(join(left, 'thesis.txt'), 'mine');
    await db.checkpoint(join(folder, 'copy'));
    expect(readFileSync(join(left, 'thesis.txt'), 'utf8')).toBe('mine');
  });
});

// Between any two of the calls by which it is made recognisable.
(hasDiskShim ? describe : describe.skip).each([
  ['before its folder is locked', 'flock 1'],
  ['before its note is begun', 'mkdir 1'],
  ['within its note', 'mkdir 2'],
  ['before RocksDB begins', 'mkdir 3'],
])('a checkpoint of another process that has come to a halt %s', (_, haltsAt) => {
  let folder: string;
  let halted: Promise<(signal: NodeJS.Signals) => void>;
  let ending: Promise<Ending>;

  beforeEach(async () => {
    folder = temporaryFolder();
    const source = await temporaryDatabase();
    await source.close();
    halted = new Promise((resolve) => {
      ending = runChild('checkpoint.mjs', [source.path, join(folder, 'theirs')], {
        env: withFaults({ haltsAt }),
        onOutput: (stdout, kill) => stdout.startsWith('halted') && resolve(kill),
      });
    });
  });

  it('leaves nothing behind that the next one does not remove, where it is killed', async () => {
    (await halted)('SIGKILL');
    expect(await ending).toMatchObject({ signal: 'SIGKILL' });
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.omnipaxos-rocksdb-checkpoint-/)]);
    await db.checkpoint(join(folder, 'theirs'));
    expect(readdirSync(folder)).toEqual(['theirs']);
  });

  it('completes where it goes on, though another one is made beside it meanwhile', async () => {
    const kill = await halted;
    await db.checkpoint(join(folder, 'ours'));
    kill('SIGCONT');
    expect(await ending).toMatchObject({ code: 0, stdout: 'halted\ndone\n', stderr: '' });
    expect(readdirSync(folder).sort()).toEqual(['ours', 'theirs']);
    expect((await openAt(join(folder, 'theirs'), { readOnly: true })).columnFamilies).toEqual(['default']);
  });
});
