import { exec, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Database, RocksdbStorage } from '../../lib/index.js';
import { hasDiskShim, withFaults } from '../support/disk-shim.js';
import { compiled, runCommand } from '../support/run-command.js';
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

/** The command as a shell runs it, with its redirections. */
function inShell(command: string): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    exec(`"${process.execPath}" "${compiled('cli/main.js')}" ${command}`, (error, _, stderr) => {
      resolve({ code: error?.code ?? 0, stderr });
    }).stdin?.end();
  });
}

describe('append', () => {
  it('appends each line as one entry and prints the index range and the fsyncs', async () => {
    const { exitCode, stdout, stderr } = await runCommand(
      ['append', '--create', '--db', path],
      '{"a":1}\n[2]\n"three"\nnull\n',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe('appended 4 entries at [0, 4) with 1 fsync\n');
    expect(stored()).toEqual([{ a: 1 }, [2], 'three', null]);
  });

  (hasDiskShim ? it : it.skip)('tells what it has appended where the disk fails later', async () => {
    const env = withFaults({ syncFailsAfter: 3 });
    const outcome = await runCommand(['append', '--create', '--db', path, '--batch', '2'], '1\n2\n3\n4\n5\n6\n7\n8\n', {
      env,
    });
    expect(outcome).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^appended [246] entries at \[0, [246]\)/),
    });
    expect(outcome.stderr).toMatch(/^omnipaxos-rocksdb: write to .*Input\/output error/);
    expect(stored().length).toBeGreaterThanOrEqual(Number(outcome.stdout.split(' ')[1]));
  });

  it('goes on behind what is there', async () => {
    await runCommand(['append', '--create', '--db', path], '1\n2\n');
    const { stdout } = await runCommand(['append', '--create', '--db', path], '3\n');
    expect(stdout).toBe('appended 1 entry at [2, 3) with 1 fsync\n');
    expect(stored()).toEqual([1, 2, 3]);
  });

  it('spends one fsync for each --batch', async () => {
    const { stdout } = await runCommand(['append', '--create', '--db', path, '--batch', '2'], '1\n2\n3\n4\n5\n');
    expect(stdout).toBe('appended 5 entries at [0, 5) with 3 fsyncs\n');
  });

  it('appends to the column family of --cf', async () => {
    await runCommand(['append', '--create', '--db', path, '--cf', 'other'], '1\n');
    expect(stored('other')).toEqual([1]);
  });

  it('takes a last line without a newline, and long lines', async () => {
    const long = 'x'.repeat(300_000);
    const { exitCode } = await runCommand(['append', '--create', '--db', path], `"${long}"\n"${long}ä"`);
    expect(exitCode).toBe(0);
    expect(stored()).toEqual([long, `${long}ä`]);
  });

  it('needs no --create for what is there', async () => {
    await runCommand(['append', '--create', '--db', path], '1\n');
    expect(await runCommand(['append', '--db', path], '2\n')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(stored()).toEqual([1, 2]);
  });

  it('makes a column family beside others with --create', async () => {
    await runCommand(['append', '--create', '--db', path], '1\n');
    await runCommand(['append', '--create', '--db', path, '--cf', 'other'], '2\n');
    expect([stored(), stored('other')]).toEqual([[1], [2]]);
  });

  it('skips blank lines, which count all the same', async () => {
    const { exitCode, stdout, stderr } = await runCommand(
      ['append', '--create', '--db', path],
      '\n1\n \t\r\n2\r\n\nnope\n',
    );
    expect(exitCode).toBe(1);
    expect(stdout).toBe('appended 2 entries at [0, 2) with 1 fsync\n');
    expect(stderr).toMatch(/^omnipaxos-rocksdb: line 6 is not JSON: /);
    expect(stored()).toEqual([1, 2]);
  });

  it('says in its help which codec it is for', async () => {
    expect((await runCommand(['append', '--help'])).stdout).toContain('default codec');
  });

  it('appends nothing for an empty input', async () => {
    const { exitCode, stdout } = await runCommand(['append', '--create', '--db', path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'appended 0 entries with 0 fsyncs\n' });
  });

  it.each([
    ['text', '{"a":1}\n2\nnope\n4\n'],
    ['half a character', '{"a":1}\n2\n"\\ud800"\n4\n'],
    ['an integer that would be rounded', '{"a":1}\n2\n["\\"9007199254740993", 9007199254740993]\n4\n'],
    ['a number that would be infinite', '{"a":1}\n2\n{"n":-1e400}\n4\n'],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from('{"a":1}\n2\n"'), Buffer.from([0xff]), Buffer.from('"\n4\n')]),
    ],
  ])('stops at %s with its line number, and what came before stays', async (_, input) => {
    const { exitCode, stdout, stderr } = await runCommand(['append', '--create', '--db', path], input);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: line 3 (is not JSON|cannot be stored): [^\n]+\n$/);
    expect(stdout).toBe('appended 2 entries at [0, 2) with 1 fsync\n');
    expect(stored()).toEqual([{ a: 1 }, 2]);
  });

  it('keeps every number and string that needs no rounding', async () => {
    const lines = [
      '9007199254740991',
      '-9007199254740992',
      '1e+300',
      '0.12345678901234568',
      '"9007199254740993, 1e400"',
    ];
    const { exitCode } = await runCommand(['append', '--create', '--db', path], `${lines.join('\n')}\n`);
    expect(exitCode).toBe(0);
    expect(stored().map((entry) => JSON.stringify(entry))).toEqual(lines);
  });

  it('writes long lines before a large --batch is full', async () => {
    const line = `"${'x'.repeat(9 * 1024 * 1024)}"\n`;
    const { stdout } = await runCommand(['append', '--create', '--db', path, '--batch', '1000000'], line.repeat(3));
    expect(stdout).toBe('appended 3 entries at [0, 3) with 2 fsyncs\n');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('appends what it has read when %s stops it', async (signal, expected) => {
    const child = spawn(process.execPath, [compiled('cli/main.js'), 'append', '--create', '--db', path]);
    const closed = once(child, 'close');
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    // More than a pipe holds: once it is written, the first lines have been read. The last line is cut short.
    const line = `"${'x'.repeat(1000)}"\n`;
    await new Promise((resolve) => child.stdin.write(`${line.repeat(500)}"cut sh`, resolve));
    child.kill(signal);
    const [exitCode] = await closed;
    expect(exitCode).toBe(expected);
    const appended = Number(/^appended (\d+) entries at \[0, \1\) with 1 fsync\n$/.exec(stdout)?.[1]);
    expect(appended).toBeGreaterThan(0);
    expect(stored()).toEqual(Array(appended).fill('x'.repeat(1000)));
  });

  it('says that stdin is a folder', async () => {
    const { code, stderr } = await inShell(`append --create --db ${path} < /`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'omnipaxos-rocksdb: read stdin: it is a folder\n' });
    expect(existsSync(path)).toBe(false);
  });

  // Other platforms have no such device.
  (process.platform === 'linux' ? it : it.skip)('says that its output is full', async () => {
    const { code, stderr } = await inShell(`append --create --db ${path} > /dev/full`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: write to stdout: ENOSPC[^\n]*\n$/);
  });

  it('says in one line that another process has the database open', async () => {
    const db = Database.openSync(path, { columnFamilies: ['log'] });
    const { exitCode, stderr } = await runCommand(['append', '--create', '--db', path], '1\n');
    db.closeSync();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: open [^\n]*lock[^\n]*\n$/);
  });
});
