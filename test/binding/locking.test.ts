import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { Database } from '../../binding/index.js';
import { runChild } from '../support/child.js';
import { expectRocksError } from '../support/failures.js';
import { bytes, openAt, puts, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** What opening `path` gives in a process of its own: `open`, or the code of its error. */
async function openElsewhere(path: string): Promise<string> {
  const child = await runChild('open-and-tell.mjs', [path]);
  expect(child).toMatchObject({ code: 0, signal: null, stderr: '' });
  return child.stdout.trim();
}

/** The same in a worker thread of this process. */
async function openInWorker(path: string): Promise<string> {
  const worker = new Worker(fileURLToPath(new URL('fixtures/open-and-tell.mjs', import.meta.url)), {
    argv: [path],
    stdout: true,
  });
  let told = '';
  worker.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const [code] = await once(worker, 'exit');
  expect(code).toBe(0);
  return told.trim();
}

describe('a path that is open', () => {
  it('cannot be opened again in this process, in either form, and can once it is closed', async () => {
    const db = await temporaryDatabase();
    await expectRocksError(() => Database.open(db.path), 'LOCKED', 'open', db.path);
    await expectRocksError(() => Database.openSync(db.path), 'LOCKED', 'open', db.path);
    await expectRocksError(() => Database.open(db.path, { errorIfExists: true }), 'LOCKED', db.path);
    await db.write(puts(db.columnFamily('default'), { k: 'v' }));
    await db.flush();
    await db.close();
    const again = await openAt(db.path);
    expect(again.getSync(again.columnFamily('default'), bytes('k'))).toEqual(bytes('v'));
  });

  it.each<[string, (path: string) => string]>([
    ['a trailing slash', (path) => `${path}/`],
    ['doubled slashes', (path) => path.replaceAll('/', '//')],
    ['dots', (path) => join(dirname(path), '.').concat('/./x/../', basename(path))],
    ['a relative path', (path) => relative(process.cwd(), path)],
    [
      'a symbolic link to it',
      (path) => {
        symlinkSync(path, `${path}-link`);
        return `${path}-link`;
      },
    ],
    [
      'a symbolic link above it',
      (path) => {
        const link = join(temporaryFolder(), 'link');
        symlinkSync(dirname(path), link);
        return join(link, basename(path));
      },
    ],
  ])('cannot be opened again under another spelling: %s', async (_, respell) => {
    const db = await temporaryDatabase();
    const other = respell(db.path);
    await expectRocksError(() => Database.open(other), 'LOCKED');
    await db.close();
    await (await Database.open(other)).close();
  });

  it('cannot be opened again where it was first opened through a link', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'db'));
    symlinkSync(join(folder, 'db'), join(folder, 'link'));
    await openAt(join(folder, 'link'));
    await expectRocksError(() => Database.open(join(folder, 'db')), 'LOCKED');
    expect(await openElsewhere(join(folder, 'db'))).toBe('LOCKED');
  });

  it('lets one of several calls that race win', async () => {
    for (let round = 0; round < 10; round++) {
      const path = join(temporaryFolder(), 'db');
      const calls = await Promise.allSettled(Array.from({ length: 4 }, () => Database.open(path)));
      const won = calls.filter((call) => call.status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const call of calls) {
        if (call.status === 'rejected') expect(call.reason).toMatchObject({ code: 'LOCKED' });
        else await call.value.close();
      }
    }
  });

  it('cannot be opened by a worker thread, and can once it is closed', async () => {
    const db = await temporaryDatabase();
    expect(await openInWorker(db.path)).toBe('LOCKED');
    expect(await openInWorker(`${db.path}/../${basename(db.path)}`)).toBe('LOCKED');
    await db.close();
    expect(await openInWorker(db.path)).toBe('open');
    await openAt(db.path);
  });

  it('cannot be opened by another process, and can once it is closed', async () => {
    const db = await temporaryDatabase();
    expect(await openElsewhere(db.path)).toBe('LOCKED');
    await db.close();
    expect(await openElsewhere(db.path)).toBe('open');
    await openAt(db.path);
  });

  it('by another process cannot be opened by this one, and can once that was killed', async () => {
    const path = join(temporaryFolder(), 'db');
    let refusal: Promise<unknown> | undefined;
    const child = await runChild('open-and-tell.mjs', [path, 'stay'], {
      onOutput: (stdout, kill) => {
        if (!stdout.includes('open\n') || refusal) return;
        refusal = expectRocksError(() => Database.open(path), 'LOCKED', path).finally(() => kill('SIGKILL'));
      },
    });
    await refusal;
    expect(child.signal).toBe('SIGKILL');
    await openAt(path);
  });

  it('stays locked after attempts that failed, and after its files were read', async () => {
    const db = await temporaryDatabase();
    await expectRocksError(() => Database.open(db.path), 'LOCKED');
    await openInWorker(db.path);
    // What a backup does. A POSIX record lock is gone once its process closes any descriptor of the file.
    for (const name of readdirSync(db.path)) readFileSync(join(db.path, name));
    expect(await openElsewhere(db.path)).toBe('LOCKED');
    await expectRocksError(() => Database.open(db.path), 'LOCKED');
    await db.write(puts(db.columnFamily('default'), { k: 'v' }));
  });

  it('cannot be opened by a second copy of the addon in this process', async () => {
    const db = await temporaryDatabase();
    const child = await runChild('second-copy.mjs', [join(temporaryFolder(), 'db'), temporaryFolder()]);
    expect(child).toEqual({ code: 0, signal: null, stdout: 'LOCKED\n', stderr: '' });
    expect(db.closed).toBe(false);
  });

  it('whose folder was removed does not lock the one that takes its place', async () => {
    const db = await Database.open(join(temporaryFolder(), 'db'));
    rmSync(db.path, { recursive: true });
    expect(await openElsewhere(db.path)).toBe('open');
    await expectRocksError(() => db.close(), 'IO_ERROR', 'close', db.path, 'moved or replaced');
  });
});
