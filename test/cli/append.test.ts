import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Database, RocksdbStorage } from '../../lib/index.js';
import { runCommand } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'db');
});

function stored(cf = 'log'): unknown[] {
  const db = Database.openSync(path, { readOnly: true });
  const entries = RocksdbStorage.openIn<unknown>(db, cf).getSuffix(0);
  db.closeSync();
  return entries;
}

describe('append', () => {
  it('appends each line as one entry and prints the index range and the fsyncs', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['append', '--db', path], '{"a":1}\n[2]\n"three"\nnull\n');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe('appended 4 entries at [0, 4) with 1 fsync\n');
    expect(stored()).toEqual([{ a: 1 }, [2], 'three', null]);
  });

  it('goes on behind what is there', async () => {
    await runCommand(['append', '--db', path], '1\n2\n');
    const { stdout } = await runCommand(['append', '--db', path], '3\n');
    expect(stdout).toBe('appended 1 entry at [2, 3) with 1 fsync\n');
    expect(stored()).toEqual([1, 2, 3]);
  });

  it('spends one fsync for each --batch', async () => {
    const { stdout } = await runCommand(['append', '--db', path, '--batch', '2'], '1\n2\n3\n4\n5\n');
    expect(stdout).toBe('appended 5 entries at [0, 5) with 3 fsyncs\n');
  });

  it('appends to the column family of --cf', async () => {
    await runCommand(['append', '--db', path, '--cf', 'other'], '1\n');
    expect(stored('other')).toEqual([1]);
  });

  it('takes a last line without a newline, and long lines', async () => {
    const long = 'x'.repeat(300_000);
    const { exitCode } = await runCommand(['append', '--db', path], `"${long}"\n"${long}ä"`);
    expect(exitCode).toBe(0);
    expect(stored()).toEqual([long, `${long}ä`]);
  });

  it('appends nothing for an empty input', async () => {
    const { exitCode, stdout } = await runCommand(['append', '--db', path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'appended 0 entries with 0 fsyncs\n' });
  });

  it.each([
    ['text', '{"a":1}\n2\nnope\n4\n'],
    ['half a character', '{"a":1}\n2\n"\\ud800"\n4\n'],
    ['an empty line', '{"a":1}\n2\n\n4\n'],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from('{"a":1}\n2\n"'), Buffer.from([0xff]), Buffer.from('"\n4\n')]),
    ],
  ])('stops at %s with its line number, and what came before stays', async (_, input) => {
    const { exitCode, stdout, stderr } = await runCommand(['append', '--db', path], input);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: line 3 (is not JSON|cannot be stored): [^\n]+\n$/);
    expect(stdout).toBe('appended 2 entries at [0, 2) with 1 fsync\n');
    expect(stored()).toEqual([{ a: 1 }, 2]);
  });

  it('says in one line that another process has the database open', async () => {
    const db = Database.openSync(path, { columnFamilies: ['log'] });
    const { exitCode, stderr } = await runCommand(['append', '--db', path], '1\n');
    db.closeSync();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: open [^\n]*lock[^\n]*\n$/);
  });
});
