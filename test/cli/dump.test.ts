import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Database, RocksdbStorage } from '../../lib/index.js';
import { compiled, runCommand } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let path: string;
let db: Database;
let log: RocksdbStorage<unknown>;
beforeEach(() => {
  path = join(temporaryFolder(), 'db');
  db = Database.openSync(path, { columnFamilies: ['log'] });
  log = RocksdbStorage.openIn(db, 'log');
});
afterEach(() => db.closeSync());

describe('dump, beside a live writer', () => {
  it('prints the entries as JSON Lines, in order', async () => {
    log.appendEntries([{ a: 1 }, [2], 'three', null]);
    const { exitCode, stdout } = await runCommand(['dump', '--db', path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '{"a":1}\n[2]\n"three"\nnull\n' });
  });

  it('prints [from, to), and only what is live', async () => {
    log.appendEntries([0, 1, 2, 3, 4, 5]);
    log.trim(2);
    const dump = async (...args: string[]) => (await runCommand(['dump', '--db', path, ...args])).stdout.split('\n');
    expect(await dump('--from', '3', '--to', '5')).toEqual(['3', '4', '']);
    expect(await dump('--to', '4')).toEqual(['2', '3', '']);
    expect(await dump('--from', '5')).toEqual(['5', '']);
    expect(await dump('--from', '5', '--to', '3')).toEqual(['']);
  });

  it('gives what JSON has no form for the nearest it has', async () => {
    const entries: [unknown, unknown][] = [
      [2n ** 63n, '9223372036854775808'],
      [Buffer.from('hi'), 'aGk='],
      [
        { type: 'Buffer', data: [1] },
        { type: 'Buffer', data: [1] },
      ],
      [Uint8Array.from(Buffer.from('hi')).buffer, 'aGk='],
      [
        [NaN, Infinity, -Infinity],
        ['NaN', 'Infinity', '-Infinity'],
      ],
      [new Set([1, new Set([2n])]), [1, ['2']]],
      [/a+/gi, '/a+/gi'],
      [new Date(0), '1970-01-01T00:00:00.000Z'],
      [new RangeError('far', { cause: 1 }), { name: 'RangeError', message: 'far', cause: 1 }],
      [new (runInThisContext('Float64Array'))([1.5, NaN]), [1.5, 'NaN']],
      [new (runInThisContext('BigInt64Array'))([-1n]), ['-1']],
      [
        [undefined, { a: undefined }],
        [null, {}],
      ],
    ];
    log.appendEntries(entries.map(([entry]) => entry));
    const { stdout } = await runCommand(['dump', '--db', path]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(entries.map(([, printed]) => printed));
  });

  it('streams a long log, back into append unchanged', async () => {
    const entries = Array.from({ length: 5000 }, (_, i) => ({ i, filling: 'x'.repeat(200) }));
    log.appendEntries(entries);
    const { stdout } = await runCommand(['dump', '--db', path]);
    const copy = join(temporaryFolder(), 'copy');
    await runCommand(['append', '--create', '--db', copy], stdout);
    expect((await runCommand(['dump', '--db', copy])).stdout).toBe(stdout);
    expect(stdout.split('\n').length).toBe(5001);
  });

  it('ends quietly when its reader has seen enough', async () => {
    log.appendEntries(Array.from({ length: 20_000 }, (_, i) => ({ i, filling: 'x'.repeat(100) })));
    const child = spawn(process.execPath, [compiled('cli/main.js'), 'dump', '--db', path]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [exitCode] = await once(child, 'close');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('survives a writer that goes on writing and flushing', async () => {
    log.appendEntries([1, 2, 3]);
    let busy = true;
    const writing = (async () => {
      while (busy) {
        log.appendEntries([4]);
        await db.flush();
        await sleep(50); // an opening takes less
      }
    })();
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => runCommand(['dump', '--db', path])));
    busy = false;
    await writing;
    for (const { exitCode, stdout, stderr } of outcomes) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout.startsWith('1\n2\n3\n')).toBe(true);
    }
  });
});

describe('dump', () => {
  it('names the entry that cannot be decoded', async () => {
    log.close();
    const raw = RocksdbStorage.openIn<unknown>(db, 'log', {
      entryCodec: { encode: () => Buffer.from([0xc1]), decode: (bytes) => bytes },
    });
    raw.appendEntry('x');
    const { exitCode, stderr } = await runCommand(['dump', '--db', path]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^omnipaxos-rocksdb: the value at 0x4c2f0000000000000000 cannot be decoded[^\n]*\n$/);
  });

  it('says in its help which codec it is for', async () => {
    expect((await runCommand(['dump', '--help'])).stdout).toContain('default codec');
  });
});
