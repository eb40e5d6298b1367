// File systems that do not lock files, played by test/disk-shim.

import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child.js';
import { hasDiskShim, withFaults } from '../support/disk-shim.js';
import { expectRocksError } from '../support/failures.js';
import { temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const { ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL, EINTR, EACCES, EAGAIN } = constants.errno;

async function openWhereLocksGive(lockErrno: number): Promise<string> {
  const path = join(temporaryFolder(), 'db');
  const child = await runChild('open-and-tell.mjs', [path], { env: withFaults({ lockErrno }) });
  expect(child).toMatchObject({ code: 0, signal: null, stderr: '' });
  return child.stdout;
}

(hasDiskShim ? describe : describe.skip)('a file system whose lock on a file', () => {
  it.each(Object.entries({ ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL, EINTR }))(
    'gives %s is an IO_ERROR that names the remedy',
    async (_, errno) => {
      const told = await openWhereLocksGive(errno);
      expect(told).toMatch(/^IO_ERROR\n/);
      expect(told).toContain('does not lock files');
      expect(told).toContain('local disk');
    },
  );

  it.each(Object.entries({ EACCES, EAGAIN }))('gives %s has the database open elsewhere', async (_, errno) => {
    expect(await openWhereLocksGive(errno)).toBe('LOCKED\n');
  });
});

describe('LOCKED', () => {
  it.each(['While lock file', 'lock hold by current process'])(
    'is not what a path named "%s" fails with',
    async (name) => {
      const db = await temporaryDatabase();
      await expectRocksError(() => db.checkpoint(join(temporaryFolder(), name, 'none')), 'IO_ERROR', name);
    },
  );
});
