// The command repair: what it saves, what it tells, and that it leaves alone what is damaged.

import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Loss } from '../../lib/damage/losses.js';
import { logKey, META_KEYS } from '../../lib/format/log-keys.js';
import { chunkKey, manifestKey } from '../../lib/format/snapshot-keys.js';
import { Database, RocksdbStorage, SnapshotStore, WriteBatch } from '../../lib/index.js';
import { fileOf, flip } from '../support/damage-files.js';
import { stateOf } from '../support/folder-state.js';
import { runCommand } from '../support/run-command.js';
import { stoppedReplica } from '../support/stopped-replica.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ballot = { configId: 1, n: 2, priority: 0, pid: 3 };
const stopsign = { nextConfig: { configurationId: 2, nodes: [1, 2, 3] } };

let path: string;
let to: string;

beforeEach(async () => {
  path = join(temporaryFolder(), 'db');
  to = join(dirname(path), 'copy');
  await using db = await Database.open(path, { columnFamilies: ['log', 'snapshots', 'own'] });
  const log = RocksdbStorage.openIn<string>(db, 'log');
  log.appendEntries(Array.from({ length: 20 }, (_, i) => `entry ${i}`));
  log.setPromise(ballot);
  log.setDecidedIdx(18);
  log.compact(5);
  log.setStopsign(stopsign);
  const store = await SnapshotStore.openIn(db, 'snapshots');
  await store.put('a', 5, Buffer.alloc(1000, 1));
  await store.put('b', 6, Buffer.alloc(1000, 2));
  db.writeSync(new WriteBatch().put(db.columnFamily('own'), Buffer.from('key'), Buffer.from('value')));
  await db.flush();
});

async function write(family: string, key: Buffer, value: Buffer | undefined): Promise<void> {
  await using db = await Database.open(path);
  const [cf, batch] = [db.columnFamily(family), new WriteBatch()];
  db.writeSync(value === undefined ? batch.delete(cf, key) : batch.put(cf, key, value));
}

/** Repairs it, and sees that it is left as it was, and that the copy is whole. */
async function repaired(): Promise<{ exitCode: number | null; losses: Loss[] }> {
  const before = stateOf(path);
  const { exitCode, stdout } = await runCommand(['repair', '--db', path, '--to', to, '--json']);
  expect(stateOf(path)).toEqual(before);
  expect((await runCommand(['verify', '--db', to])).exitCode).toBe(0);
  expect(readdirSync(dirname(to)).filter((name) => name.endsWith('.partial'))).toEqual([]);
  const { complete, losses } = JSON.parse(stdout);
  expect(complete).toBe(losses.length === 0);
  return { exitCode, losses };
}

const messages = ({ losses }: { losses: Loss[] }) => losses.map(({ message }) => message);

async function inCopy<R>(read: (db: Database, log: RocksdbStorage<string>) => R | Promise<R>): Promise<R> {
  await using db = await Database.open(to, { readOnly: true });
  return await read(db, RocksdbStorage.openIn<string>(db, 'log'));
}

describe('repair, of a whole database', () => {
  it('copies all of it, exits with 0, and says that the copy can take its place', async () => {
    expect(await repaired()).toEqual({ exitCode: 0, losses: [] });
    await inCopy(async (db, log) => {
      expect(log.getEntries(5, 20)).toHaveLength(15);
      expect([log.getPromise(), log.getDecidedIdx(), log.getStopsign()]).toEqual([ballot, 18, stopsign]);
      const store = await SnapshotStore.openIn(db, 'snapshots');
      expect((await store.list()).map(({ name, index }) => [name, index])).toEqual([
        ['a', 5],
        ['b', 6],
      ]);
      expect(db.getSync(db.columnFamily('own'), Buffer.from('key'))).toEqual(Buffer.from('value'));
    });
    const { exitCode, stdout } = await runCommand(['repair', '--db', path, '--to', `${to}-2`]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/log +│ log +│ +19 │/);
    expect(stdout.endsWith(`all of ${path} is in ${to}-2, which is whole: it can take the place of ${path}\n`)).toBe(
      true,
    );
  });

  it('takes an empty folder', async () => {
    mkdirSync(to);
    expect((await repaired()).exitCode).toBe(0);
  });
});

describe('repair, where it will not', () => {
  const failed = async (...rest: string[]) => {
    const { exitCode, stdout, stderr } = await runCommand(['repair', '--db', path, ...rest]);
    expect(stdout).toBe('');
    return { exitCode, stderr };
  };

  it('refuses a folder with something in it, and one in the database', async () => {
    mkdirSync(to);
    writeFileSync(join(to, 'mine'), 'mine');
    const before = stateOf(dirname(path));
    for (const [where, why] of [
      [to, /there is something already; give a folder that is empty or not there\n$/],
      [join(path, 'copy'), /that is in the folder of the database; give a folder elsewhere\n$/],
      [path, /there is something already/],
      [join(to, 'mine'), /there is something already/],
    ] as const) {
      expect(await failed('--to', where)).toEqual({ exitCode: 1, stderr: expect.stringMatching(why) });
    }
    expect(stateOf(dirname(path))).toEqual(before);
  });

  it('exits with 3 beside a program that has the database open', async () => {
    await using _db = await Database.open(path);
    expect(await failed('--to', to)).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/stop the program/) });
    expect(existsSync(to)).toBe(false);
  });

  it('says where nothing can be saved, and leaves nothing', async () => {
    truncateSync(fileOf(path, /^MANIFEST-/), 100);
    rmSync(join(path, 'CURRENT'));
    expect(await failed('--to', to)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /nothing can be saved: CURRENT: .*no MANIFEST that can be used in its place\. .*Replace the replica: docs\/damage\.md/,
      ),
    });
    expect(readdirSync(dirname(path))).toEqual(['db']);
  });
});

describe('repair, of a damaged database', () => {
  it('ends a log before its first gap, with what goes with that', async () => {
    await write('log', logKey(10), undefined);
    const outcome = await repaired();
    expect(outcome.exitCode).toBe(4);
    expect(messages(outcome)).toEqual([
      'entries 10 to 10 are lost: they are not there',
      'entries 11 to 19 can be read, and were left out: a log ends before its first gap',
      'the decided index is 10 in the copy: it was 18, behind the end of what is left',
      'the stop-sign is lost: entries before it are lost',
    ]);
    await inCopy((_, log) => {
      expect(log.getBounds()).toEqual({ first: 5, next: 10 });
      expect([log.getDecidedIdx(), log.getCompactedIdx(), log.getPromise()]).toEqual([10, 5, ballot]);
      expect(log.getStopsign()).toBeUndefined();
    });
  });

  it('tells of a promise that is lost, and what that means', async () => {
    await write('log', META_KEYS.promise, Buffer.alloc(0));
    const { exitCode, stdout } = await runCommand(['repair', '--db', path, '--to', to]);
    expect(exitCode).toBe(4);
    expect(stdout).toContain('lost: column family log: the promise is lost: ');
    expect(stdout).toContain('Do not start a replica from the copy: it may have forgotten a promise');
    await inCopy((_, log) => expect(log.getPromise()).toBeUndefined());
  });

  it('begins a log whose floor is lost with its first entry', async () => {
    await write('log', META_KEYS.compactedIdx, Buffer.alloc(3));
    expect(messages(await repaired())).toEqual([
      expect.stringMatching(/^the compaction floor is 5 in the copy: the value at "M\/compacted_idx" has 3 bytes/),
      'the stop-sign is lost: entries before it are lost',
    ]);
    await inCopy((_, log) => expect([log.getBounds(), log.getCompactedIdx()]).toEqual([{ first: 5, next: 20 }, 5]));
  });

  it('copies the snapshots that are whole', async () => {
    await write('snapshots', chunkKey(1, 0), Buffer.alloc(1005, 1));
    expect(messages(await repaired())).toEqual([expect.stringMatching(/^snapshot "a" is lost: chunk 0 at /)]);
    await inCopy(async (db) => {
      const store = await SnapshotStore.openIn(db, 'snapshots');
      expect((await store.list()).map(({ name }) => name)).toEqual(['b']);
      expect(await store.get('b')).toEqual(Buffer.alloc(1000, 2));
      expect(db.scanSync(db.columnFamily('snapshots'))).toHaveLength(2);
    });
  });

  it('leaves out what nobody of this package has written', async () => {
    await write('log', Buffer.from('x'), Buffer.from('y'));
    expect(messages(await repaired())).toEqual(['1 records that a log does not write were left out, the first at "x"']);
  });

  it('does without CURRENT, where the watermark tells which MANIFEST was in use', async () => {
    rmSync(join(path, 'CURRENT'));
    expect(await repaired()).toEqual({ exitCode: 0, losses: [] });
    await inCopy((_, log) => expect([log.getBounds(), log.getPromise()]).toEqual([{ first: 5, next: 20 }, ballot]));
  });

  it('says that writes may be lost, where nothing tells which MANIFEST was in use', async () => {
    writeFileSync(join(path, 'CURRENT'), 'nonsense');
    rmSync(join(path, 'WATERMARK'));
    const outcome = await repaired();
    expect(outcome.exitCode).toBe(4);
    expect(messages(outcome)).toEqual([
      expect.stringMatching(/^writes are lost, if MANIFEST-\d+ was not in use any more: those that came later$/),
    ]);
    await inCopy((_, log) => expect([log.getBounds(), log.getPromise()]).toEqual([{ first: 5, next: 20 }, ballot]));
  });

  it('saves all that is not in a missing file', async () => {
    rmSync(fileOf(path, /\.sst$/));
    const { exitCode, losses } = await repaired();
    expect(exitCode).toBe(4);
    expect(new Set(losses.map(({ columnFamily }) => columnFamily)).size).toBe(1);
  });

  it('tells of writes that a damaged WAL has had', async () => {
    const db = await Database.open(path);
    const log = RocksdbStorage.openIn<string>(db, 'log');
    log.setStopsign(undefined);
    for (let i = 0; i < 50; i++) log.appendEntry(`late ${i}`);
    await db.close();
    flip(fileOf(path, /\.log$/), 2000);
    const outcome = await repaired();
    expect(outcome.exitCode).toBe(4);
    expect(messages(outcome)).toEqual([
      expect.stringMatching(/^writes are lost: \d+\.log, byte \d+: .*cannot be recovered/),
    ]);
    const { next } = await inCopy((_, copy) => copy.getBounds());
    expect(next).toBeGreaterThan(20);
    expect(next).toBeLessThan(70);
  });

  it('leaves a replica out whose snapshot is lost: it cannot start from the copy', async () => {
    path = await stoppedReplica();
    await write('snapshots', manifestKey('default'), Buffer.from('x'));
    expect(messages(await repaired())).toEqual([
      expect.stringMatching(/^the replica of group default is left out: its log begins at \d+, and what was before/),
      expect.stringMatching(/^snapshot "default" is lost: the manifest/),
    ]);
  });
});
