// Databases of more files than the process may have open.

import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child.js';
import { expectInvalidArgument } from '../support/failures.js';
import { temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** What a process says that may open `limit` files at once. */
async function runUnder(limit: number, ...args: readonly string[]): Promise<string> {
  const child = await runChild('many-files.mjs', args, { shell: `ulimit -n ${limit}` });
  expect(child).toMatchObject({ code: 0, signal: null, stderr: '' });
  return child.stdout.trim();
}

describe('maxOpenFiles', () => {
  it('leaves room where nothing is given: a database of more files than the limit is written, opened and read', async () => {
    const path = join(temporaryFolder(), 'db');
    expect(await runUnder(96, path, '150')).toBe('150');
    expect(await runUnder(60, path, '0')).toBe('150');
    expect(await runUnder(1024, path, '1')).toBe('151');
  });

  it('is named by the error where it asks for more than the limit allows', async () => {
    const path = join(temporaryFolder(), 'db');
    expect(await runUnder(1024, path, '150')).toBe('150');
    const told = await runUnder(96, path, '0', '1000000');
    expect(told).toMatch(/^IO_ERROR /);
    expect(told).toContain('ulimit -n');
    expect(told).toContain('maxOpenFiles');
  });

  it.each([0, 19, -1, 2 ** 31, 1.5, '100', null])('refuses %j', async (maxOpenFiles) => {
    await expectInvalidArgument(() => temporaryDatabase({ maxOpenFiles: maxOpenFiles as number }), 'maxOpenFiles');
  });
});
