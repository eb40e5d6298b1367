import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child.js';
import { bytes, openAt } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// The shell's limits stand in for a failing disk, without root: a file that would grow past `ulimit -f` (blocks of 512
// bytes) gives EFBIG, a file too many (`ulimit -n`) EMFILE.
const ONE_MIB_A_FILE = 'trap "" XFSZ; ulimit -f 2048';

interface Report {
  acknowledged: number;
  code: string;
  blocking?: string;
  later?: string[];
  close?: string;
}

async function run(scenario: string, path: string, shell: string): Promise<Report> {
  const ending = await runChild('failing-disk.mjs', [scenario, path], { shell });
  expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
  const [report, done] = ending.stdout.split('\n');
  expect(done).toBe('done');
  return JSON.parse(report as string);
}

describe('a disk that takes no more', () => {
  it.each(['synced', 'unsynced', 'blocking'])(
    'fails the write with IO_ERROR, and every later one; what was acknowledged stays: %s',
    async (scenario) => {
      const path = join(temporaryFolder(), 'db');
      const report = await run(scenario, path, ONE_MIB_A_FILE);
      expect(report.code).toBe('IO_ERROR');
      expect(report.acknowledged).toBeGreaterThan(100);
      expect(report.acknowledged).toBeLessThan(10_000);
      expect(report.later).not.toContain('ok');

      const again = await openAt(path);
      const cf = again.columnFamily('default');
      for (let i = 0; i < report.acknowledged; i++) {
        expect(again.getSync(cf, bytes(String(i).padStart(6, '0')))).toHaveLength(4000);
      }
      expect(again.getSync(cf, bytes('900000'))).toBeUndefined();
    },
  );

  it('fails the whole group of the write that fails, and all behind it, in order', async () => {
    const path = join(temporaryFolder(), 'db');
    const report = await run('groups', path, ONE_MIB_A_FILE);
    expect(report.code).toBe('IO_ERROR');
    const again = await openAt(path);
    expect(again.scanSync(again.columnFamily('default')).length).toBeGreaterThanOrEqual(report.acknowledged);
  });

  it('fails a flush with IO_ERROR, and loses nothing of what the WAL has', async () => {
    const path = join(temporaryFolder(), 'db');
    const report = await run('flush', path, 'trap "" XFSZ; ulimit -f 1578');
    expect(report.code).toBe('IO_ERROR');
    const again = await openAt(path);
    expect(again.scanSync(again.columnFamily('default'))).toHaveLength(200);
  });

  it('fails an open with IO_ERROR: no file may grow', async () => {
    const path = join(temporaryFolder(), 'db');
    const report = await run('open', path, 'trap "" XFSZ; ulimit -f 0');
    expect(report).toMatchObject({ code: 'IO_ERROR', blocking: 'IO_ERROR' });
    await openAt(path);
  });

  it('fails an open with IO_ERROR: no further file may be opened', async () => {
    const path = join(temporaryFolder(), 'db');
    const report = await run('openWithoutDescriptors', path, 'ulimit -n 200');
    expect(report).toMatchObject({ code: 'IO_ERROR', blocking: 'IO_ERROR' });
    await openAt(path);
  });
});
