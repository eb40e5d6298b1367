import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Database, RocksdbStorage, WriteBatch } from '../../lib/index.js';
import { runCommand } from '../support/run-command.js';
import { openAt } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let path: string;
let copy: string;
beforeEach(() => {
  const folder = temporaryFolder();
  path = join(folder, 'db');
  copy = join(folder, 'copy');
  const db = Database.openSync(path, { columnFamilies: ['log', 'mine'] });
  RocksdbStorage.openIn(db, 'log').appendEntries([1, 2, 3]);
  db.writeSync(new WriteBatch().put(db.columnFamily('mine'), Buffer.from('k'), Buffer.from('v')));
  db.closeSync();
});

describe('checkpoint', () => {
  it('makes a copy that is a database of its own', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['checkpoint', '--db', path, '--to', copy]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^copied .+db to .+copy: \d+ files, \d+ bytes\n$/);

    const original = await openAt(path);
    const originalLog = RocksdbStorage.openIn(original, 'log');
    originalLog.appendEntry(4);
    const copied = await openAt(copy);
    const log = RocksdbStorage.openIn(copied, 'log');
    log.appendEntry('four');
    expect(log.getSuffix(0)).toEqual([1, 2, 3, 'four']);
    expect(copied.getSync(copied.columnFamily('mine'), Buffer.from('k'))?.toString()).toBe('v');
    expect(originalLog.getSuffix(0)).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, () => string[], string]>([
    ['a folder that exists', () => ['--db', path, '--to', path], 'something of this name'],
    ['a database that does not', () => ['--db', copy, '--to', `${copy}2`], 'there is no database here'],
  ])('refuses %s in one line', async (_, args, words) => {
    const { exitCode, stdout, stderr } = await runCommand(['checkpoint', ...args()]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]+\n$/);
    expect(stderr.toLowerCase()).toContain(words);
    expect(existsSync(copy)).toBe(false);
  });

  it('says what to do where another program has the database open', async () => {
    await openAt(path);
    const { exitCode, stderr } = await runCommand(['checkpoint', '--db', path, '--to', copy]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]*db\.checkpoint\(\)[^\n]*\n$/);
    expect(existsSync(copy)).toBe(false);
  });

  it('needs both folders', async () => {
    for (const args of [[], ['--db', path], ['--to', copy]]) {
      expect((await runCommand(['checkpoint', ...args])).exitCode).toBe(2);
    }
  });
});
