// The command verify: what it finds, what it says, and that it changes nothing.

import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { logKey, META_KEYS } from '../../lib/format/log-keys.js';
import { chunkKey, manifestKey } from '../../lib/format/snapshot-keys.js';
import { Database, RocksdbStorage, SnapshotStore, WriteBatch } from '../../lib/index.js';
import { fileOf, flip } from '../support/damage-files.js';
import { stateOf } from '../support/folder-state.js';
import { runCommand } from '../support/run-command.js';
import { stoppedReplica } from '../support/stopped-replica.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ballot = { configId: 1, n: 2, priority: 0, pid: 3 };

/** A closed database with a log of ten entries from 5 on, a snapshot, and a record of the caller's; in files, or in the WAL. */
async function makeDatabase({ flushed = true } = {}): Promise<string> {
  const path = join(temporaryFolder(), 'db');
  await using db = await Database.open(path, { columnFamilies: ['log', 'snapshots', 'own'] });
  const log = RocksdbStorage.openIn<string>(db, 'log');
  log.appendEntries(Array.from({ length: 15 }, (_, i) => `entry ${i}`));
  log.setPromise(ballot);
  log.setAcceptedRound(ballot);
  log.setDecidedIdx(12);
  log.compact(5);
  const store = await SnapshotStore.openIn(db, 'snapshots');
  await store.put('state', 5, Buffer.alloc(1000, 1));
  db.writeSync(new WriteBatch().put(db.columnFamily('own'), Buffer.from('key'), Buffer.from('value')), { sync: true });
  if (flushed) await db.flush();
  return path;
}

/** Writes to it what no storage writes. */
async function change(path: string, family: string, edit: (batch: WriteBatch, db: Database) => WriteBatch) {
  await using db = await Database.open(path);
  if (!db.columnFamilies.includes(family)) throw new Error(`there is no ${family}`);
  db.writeSync(edit(new WriteBatch(), db));
}

const put = (family: string, key: Buffer, value: Buffer) => (path: string) =>
  change(path, family, (batch, db) => batch.put(db.columnFamily(family), key, value));
const remove = (family: string, key: Buffer) => (path: string) =>
  change(path, family, (batch, db) => batch.delete(db.columnFamily(family), key));

async function verified(path: string, ...rest: string[]) {
  const before = stateOf(path);
  const { exitCode, stdout } = await runCommand(['verify', '--db', path, '--json', ...rest]);
  expect(stateOf(path)).toEqual(before);
  return { exitCode, report: JSON.parse(stdout) };
}

interface FoundInReport {
  kind: string;
  severity: string;
}

/** The kinds of damage in a report. */
const kindsIn = ({ report }: { report: { findings: FoundInReport[] } }) =>
  new Set(report.findings.flatMap(({ kind, severity }) => (severity === 'damage' ? [kind] : [])));

describe('verify, of a whole database', () => {
  it('exits with 0, and tells all that it has read', async () => {
    const { exitCode, report } = await verified(await makeDatabase());
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({
      whole: true,
      files: { count: 3, damaged: 0 },
      wals: { count: 1 },
      columnFamilies: [
        { name: 'default', use: 'empty', records: 0, bytes: 0 },
        { name: 'log', use: 'log', records: 14, log: { floor: 5, end: 15, decided: 12 } },
        { name: 'own', use: 'other', records: 1, bytes: 8 },
        { name: 'snapshots', use: 'snapshots', records: 2, snapshots: { whole: 1, damaged: 0 } },
      ],
      findings: [{ kind: 'not-ours', severity: 'note', columnFamily: 'own' }],
    });
  });

  it('reads what is in the WAL alone, and says it in tables', async () => {
    const path = await makeDatabase({ flushed: false });
    const { exitCode, stdout } = await runCommand(['verify', '--db', path]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/log +│ log +│ +14 │ +\d+ │ floor 5, decided 12, end 15 +│/);
    expect(stdout).toMatch(/^0 SST files, 0 bytes, 0 damaged; 1 WALs, \d+ records, \d+ bytes$/m);
    expect(stdout.endsWith(`${path} is whole\n`)).toBe(true);
  });

  it('takes a log that was trimmed by itself for whole, with a note', async () => {
    const path = join(temporaryFolder(), 'db');
    const db = Database.openSync(path, { columnFamilies: ['log'] });
    const log = RocksdbStorage.openIn<number>(db, 'log');
    log.appendEntries([1, 2, 3, 4]);
    log.trim(2);
    db.closeSync();
    const { exitCode, report } = await verified(path);
    expect(exitCode).toBe(0);
    expect(report.findings).toMatchObject([{ kind: 'begins-above-floor', parts: { first: 2, floor: 0 } }]);
  });

  it('looks into a replica', async () => {
    const { exitCode, report } = await verified(await stoppedReplica());
    expect(exitCode).toBe(0);
    expect(report.columnFamilies).toMatchObject([
      { name: 'default', use: 'empty' },
      { name: 'log.default.1', use: 'log' },
      { name: 'replicas', use: 'identities', records: 1 },
      { name: 'snapshots', use: 'snapshots', snapshots: { whole: 1 } },
    ]);
  });
});

describe('verify, where it cannot', () => {
  it('exits with 3 beside a program that has the database open', async () => {
    const path = await makeDatabase();
    await using _db = await Database.open(path);
    const { exitCode, stdout, stderr } = await runCommand(['verify', '--db', path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(/another handle holds the lock.*: stop the program that has it open\n$/);
  });

  it('exits with 1 where there is no database', async () => {
    const { exitCode, stderr } = await runCommand(['verify', '--db', temporaryFolder()]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/there is no database here/),
    });
  });
});

const SST = /\.sst$/;
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

describe('verify, of a damaged database', () => {
  it.each<[what: string, kinds: string[], damage: (path: string) => unknown]>([
    ['a bit in an SST file', ['file-damaged'], (path) => flip(fileOf(path, SST), 20)],
    ['an SST file cut', ['file-damaged', 'cannot-open'], (path) => truncateSync(fileOf(path, SST), 50)],
    ['an SST file missing', ['cannot-open', 'file-damaged'], (path) => rmSync(fileOf(path, SST))],
    ['CURRENT of another', ['current-damaged'], (path) => writeFileSync(join(path, 'CURRENT'), 'MANIFEST-9\n')],
    ['CURRENT gone', ['current-damaged'], (path) => rmSync(join(path, 'CURRENT'))],
    [
      'CURRENT and WATERMARK gone',
      ['current-damaged', 'manifest-guessed'],
      (path) => ['CURRENT', 'WATERMARK'].map((name) => rmSync(join(path, name))),
    ],
    ['an entry missing', ['entries-missing'], remove('log', logKey(8))],
    ['an entry empty', ['entries-malformed'], put('log', logKey(8), Buffer.alloc(0))],
    ['an entry of a later version', ['entries-malformed'], put('log', logKey(14), Buffer.from([2, 1]))],
    ['a promise of a later version', ['meta-damaged'], put('log', META_KEYS.promise, Buffer.from([2, 1]))],
    ['an accepted round of no fields', ['meta-damaged'], put('log', META_KEYS.acceptedRound, Buffer.from([1, 0x90]))],
    ['a stop-sign of no fields', ['meta-damaged'], put('log', META_KEYS.stopsign, Buffer.from([1, 0x90]))],
    ['a decided index of four bytes', ['meta-damaged'], put('log', META_KEYS.decidedIdx, Buffer.alloc(4))],
    ['a decided index past the end', ['decided-past-end'], put('log', META_KEYS.decidedIdx, u64(16))],
    ['a floor past the decided index', ['floor-past-decided'], put('log', META_KEYS.compactedIdx, u64(13))],
    ['a key that no log has', ['foreign-records'], put('log', Buffer.from('L/short'), Buffer.alloc(1))],
    ['a chunk missing', ['snapshot-damaged'], remove('snapshots', chunkKey(1, 0))],
    ['a chunk changed', ['snapshot-damaged'], put('snapshots', chunkKey(1, 0), Buffer.alloc(1005, 1))],
    ['a chunk too many', ['snapshot-damaged'], put('snapshots', chunkKey(1, 1), Buffer.alloc(1005, 1))],
    ['a manifest changed', ['snapshot-damaged'], put('snapshots', manifestKey('state'), Buffer.alloc(20, 1))],
    ['a key that no store has', ['foreign-records'], put('snapshots', Buffer.from('x'), Buffer.alloc(1))],
  ])('finds %s', async (_, kinds, damage) => {
    const path = await makeDatabase();
    await damage(path);
    const outcome = await verified(path);
    expect(outcome).toMatchObject({ exitCode: 1, report: { whole: false } });
    const found = kindsIn(outcome);
    for (const kind of kinds) expect(found).toContain(kind);
  });

  it('names the place, what it means, and the remedy', async () => {
    const path = await makeDatabase();
    await remove('log', logKey(8))(path);
    const { exitCode, stdout } = await runCommand(['verify', '--db', path]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      'damage: column family log: entries 8 to 8 are missing\n    remedy: do not start the replica;',
    );
    expect(stdout.endsWith(`${path} is damaged: docs/damage.md says what to do, in order\n`)).toBe(true);
  });

  it('finds a bit in a WAL, with its byte', async () => {
    const path = await makeDatabase({ flushed: false });
    const wal = fileOf(path, /\.log$/);
    flip(wal, 200);
    const outcome = await verified(path);
    expect(kindsIn(outcome)).toContain('wal-damaged');
    expect(outcome.report.findings[0]).toMatchObject({
      file: wal.split('/').at(-1),
      parts: { offset: expect.any(Number) },
    });
  });

  it('tells which entries are hit, and reads all others', async () => {
    const path = join(temporaryFolder(), 'db');
    const db = Database.openSync(path, { columnFamilies: ['log'] });
    const log = RocksdbStorage.openIn<string>(db, 'log');
    for (let i = 0; i < 1000; i += 10) log.appendEntries(Array(10).fill('x'.repeat(50)));
    await db.flush();
    db.closeSync();
    flip(fileOf(path, SST), 10_000);
    const { report } = await verified(path);
    const hit = report.findings.find(({ kind }: FoundInReport) => kind === 'entries-unreadable');
    expect(hit.parts.to - hit.parts.from).toBeLessThan(100);
    expect(report.columnFamilies[1].records).toBe(1000 - (hit.parts.to - hit.parts.from + 1));
  });

  it('decodes entries where it is told the codec', async () => {
    const path = await makeDatabase();
    await put('log', logKey(9), Buffer.from([1, 0xc1]))(path);
    expect((await verified(path)).exitCode).toBe(0);
    const outcome = await verified(path, '--codec', 'msgpack');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.report.findings).toContainEqual(
      expect.objectContaining({ kind: 'entries-malformed', parts: expect.objectContaining({ from: 9, to: 9 }) }),
    );
  });

  it('finds a replica that lacks its snapshot, or itself', async () => {
    const path = await stoppedReplica();
    await put('replicas', Buffer.from('default'), Buffer.from('{"replicaId":'))(path);
    expect(kindsIn(await verified(path))).toEqual(new Set(['identity-damaged']));
    const other = await stoppedReplica();
    await remove('snapshots', manifestKey('default'))(other);
    expect(kindsIn(await verified(other))).toEqual(new Set(['snapshot-behind-floor']));
  });
});
