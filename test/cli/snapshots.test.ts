import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, SnapshotStore, WriteBatch } from '../../lib/index.js';
import { compiled, runCommand, runNode } from '../support/run-command.js';
import { content, names } from '../support/snapshots.js';
import { openAt } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let folder: string;
let path: string;
let db: Database;
let store: SnapshotStore;
const bytes = content(700_000);
beforeEach(async () => {
  folder = temporaryFolder();
  path = join(folder, 'db');
  db = await openAt(path, { columnFamilies: ['snapshots', 'empty'] });
  store = await SnapshotStore.openIn(db, 'snapshots');
  await store.put('b', 7, bytes);
  await store.put('a', 3, content(0));
});

const snapshots = (...args: string[]) => runCommand(['snapshots', ...args, '--db', path]);

describe('snapshots list, beside a live writer', () => {
  it('prints a table, or one JSON object a line, by the index', async () => {
    const table = await snapshots('list');
    expect(table).toMatchObject({ exitCode: 0, stderr: '' });
    expect(table.stdout).toMatch(/│ a +│ +3 │ +0 │ \d{4}-.+Z │\n│ b +│ +7 │ +700000 │/);
    const { exitCode, stdout } = await snapshots('list', '--json');
    expect(exitCode).toBe(0);
    const list = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(list).toEqual(JSON.parse(JSON.stringify(await store.list())));
  });

  it('prints nothing where there are none', async () => {
    expect(await snapshots('list', '--json', '--cf', 'empty')).toMatchObject({ exitCode: 0, stdout: '' });
  });
});

describe('snapshots export, beside a live writer', () => {
  it('writes the bytes to a new file', async () => {
    const to = join(folder, 'b.bin');
    const { exitCode, stdout, stderr } = await snapshots('export', '--name', 'b', '--to', to);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe(`exported "b" at index 7 to ${to}: 700000 bytes\n`);
    expect(readdirSync(folder)).not.toContainEqual(expect.stringContaining('partial'));
    expect(readFileSync(to).equals(bytes)).toBe(true);
  });

  it('never over a file that is there', async () => {
    const to = join(folder, 'b.bin');
    writeFileSync(to, 'mine');
    const { exitCode, stdout, stderr } = await snapshots('export', '--name', 'b', '--to', to);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^omnipaxos-rocksdb: export to [^\n]+ there is a file already\n$/);
    expect(readFileSync(to, 'utf8')).toBe('mine');
  });

  it('writes to stdout, so that one command feeds another', async () => {
    const main = compiled('cli/main.js');
    const other = join(folder, 'other');
    const pipe = `"$0" "$1" snapshots export --db "$2" --name b | "$0" "$1" snapshots import --db "$3" --name c --index 9`;
    const child = spawn('sh', ['-c', pipe, process.execPath, main, path, other], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outputs = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray());
    const [stdout, stderr] = await Promise.all(outputs);
    expect(stderr?.join('')).toBe('exported "b" at index 7: 700000 bytes\n');
    expect(stdout?.join('')).toBe('imported "c" at index 9: 700000 bytes\n');
    const copy = await SnapshotStore.openIn(await openAt(other), 'snapshots');
    expect((await copy.get('c'))?.equals(bytes)).toBe(true);
  });

  it('leaves no half a file where a chunk is damaged, or it is interrupted', async () => {
    const to = join(folder, 'big.bin');
    const half = () => readdirSync(folder).some((file) => file.startsWith('big.bin'));
    await store.put('big', 8, new Array(3000).fill(content(100_000)));
    const child = spawn(process.execPath, [
      compiled('cli/main.js'),
      'snapshots',
      'export',
      '--db',
      path,
      '--name',
      'big',
      '--to',
      to,
    ]);
    while (!half()) await new Promise((resolve) => setTimeout(resolve, 2));
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect([existsSync(to), half()]).toEqual([false, false]);

    const [key] = (await db.scan(db.columnFamily('snapshots'), { gte: Buffer.from('C/'), limit: 2 })).slice(1);
    db.writeSync(new WriteBatch().delete(db.columnFamily('snapshots'), key?.key as Buffer));
    const { exitCode, stderr } = await snapshots('export', '--name', 'b', '--to', to);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: snapshot "b", chunk 1 [^\n]+missing\n$/);
    expect([existsSync(to), half()]).toEqual([false, false]);
  });
});

describe('snapshots import', () => {
  it('stores a file, or stdin, in place of one of the same name', async () => {
    await db.close();
    const from = join(folder, 'in.bin');
    writeFileSync(from, content(300_000, 3));
    const file = await snapshots('import', '--name', 'b', '--index', '8', '--from', from);
    expect(file).toMatchObject({ exitCode: 0, stderr: '', stdout: 'imported "b" at index 8: 300000 bytes\n' });
    const stdin = await runNode(
      [compiled('cli/main.js'), 'snapshots', 'import', '--db', path, '--name', 'c', '--index', '1'],
      content(5, 5),
    );
    expect(stdin).toMatchObject({ exitCode: 0, stdout: 'imported "c" at index 1: 5 bytes\n' });
    store = await SnapshotStore.openIn(await openAt(path), 'snapshots');
    expect(names(await store.list())).toEqual(['c', 'a', 'b']);
    expect((await store.get('b'))?.equals(content(300_000, 3))).toBe(true);
    expect(await store.get('c')).toEqual(content(5, 5));
  });

  it('refuses a name that is taken, if asked to', async () => {
    await db.close();
    const { exitCode, stderr } = await snapshots('import', '--name', 'b', '--index', '8', '--no-overwrite');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: there is a snapshot "b" already\n$/);
  });

  it.each([
    ['none', 'ENOENT'],
    ['.', 'it is a folder'],
  ])('makes no database for a file that cannot be read: %s', async (from, words) => {
    const fresh = join(folder, 'fresh');
    const args = ['import', '--db', fresh, '--name', 'b', '--index', '8', '--from', join(folder, from)];
    const { exitCode, stderr } = await runCommand(['snapshots', ...args]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^omnipaxos-rocksdb: [^\\n]*${words}[^\\n]*\\n$`));
    expect(readdirSync(folder)).not.toContain('fresh');
  });
});

describe('what is wrong', () => {
  it.each<[string, string[], string]>([
    ['a name that is not there', ['export', '--name', 'x'], 'there is "a", "b"'],
    ['a column family that is not there', ['list', '--cf', 'none'], 'none'],
    ['a database that a writer has open', ['import', '--name', 'x', '--index', '1'], 'holds the lock'],
  ])('%s is one line on stderr, and exit code 1', async (_, args, words) => {
    const { exitCode, stdout, stderr } = await snapshots(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^omnipaxos-rocksdb: [^\n]+\n$/);
    expect(stderr).toContain(words);
  });

  it.each<[string, string[]]>([
    ['no subcommand that there is', ['lists']],
    ['no name', ['export']],
    ['no index', ['import', '--name', 'x']],
    ['a negative index', ['import', '--name', 'x', '--index=-1']],
  ])('%s is wrong usage', async (_, args) => {
    expect((await snapshots(...args)).exitCode).toBe(2);
  });
});
