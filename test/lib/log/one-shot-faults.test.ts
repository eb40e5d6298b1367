// A disk that fails once, at each of its calls in turn: the failure is told, nothing acknowledged is lost, and the database works
// once it is opened again.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { scratchParent } from '../../damage/scratch.js';
import { runChild } from '../../support/child.js';
import { hasDiskShim, withFaults } from '../../support/disk-shim.js';

const FIXTURE = fileURLToPath(new URL('fixtures/one-shot-faults.mjs', import.meta.url));

const scratch = mkdtempSync(join(scratchParent(), 'omnipaxos-faults-'));

afterAll(() => rmSync(scratch, { recursive: true }));

interface Report {
  struck: number;
  codes: string[];
  wrong: string[];
}

async function run(call: string, fault: string, files: string, times = 1): Promise<Report> {
  const folder = mkdtempSync(join(scratch, 'lives-'));
  const env = withFaults({ struck: join(folder, 'struck') });
  const { code, signal, stdout, stderr } = await runChild(FIXTURE, [folder, call, fault, files, `${times}`], { env });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as Report;
}

(hasDiskShim ? describe : describe.skip)('a disk that fails once', () => {
  it.concurrent.each([
    ['write', 'EIO', '.log'],
    ['write', 'ENOSPC', '.log'],
    ['write', 'short', '.log'],
    ['write', 'torn', '.log'],
    ['write', 'EIO', 'MANIFEST-'],
    ['write', 'torn', 'MANIFEST-'],
    ['write', 'ENOSPC', 'MANIFEST-'],
    ['write', 'EIO', '.sst'],
    ['write', 'ENOSPC', '.sst'],
    ['write', 'short', '.sst'],
    ['write', 'EIO', '.dbtmp'],
    ['write', 'EIO', 'WATERMARK'],
    ['write', 'torn', 'WATERMARK'],
    ['sync', 'EIO', '.log'],
    ['sync', 'EIO', 'MANIFEST-'],
    ['sync', 'EIO', '.sst'],
    ['sync', 'EIO', 'WATERMARK'],
    ['rename', 'EIO', 'CURRENT'],
    ['rename', 'EIO', 'OPTIONS-'],
    ['ftruncate', 'EIO', '.log'],
    ['ftruncate', 'EIO', '.sst'],
    ['ftruncate', 'EIO', 'MANIFEST-'],
    ['pread', 'short', '.sst'],
  ])('%s gives %s, of %s', async (call, fault, files) => {
    const { struck, wrong } = await run(call, fault, files);
    expect(wrong).toEqual([]);
    expect(struck).toBeGreaterThan(0);
  });

  it.concurrent('is not noticed where it is a read of an SST', async () => {
    const { struck, codes, wrong } = await run('pread', 'EIO', '.sst');
    expect({ codes, wrong }).toEqual({ codes: [], wrong: [] });
    expect(struck).toBeGreaterThan(10);
  });

  it.concurrent('fails a read of an SST that has failed three times in a row, and not the next one', async () => {
    const { codes, wrong } = await run('pread', 'EIO', '.sst', 3);
    expect(wrong).toEqual([]);
    expect(codes).toContain('read: ROCKSDB/IO_ERROR');
  });
});
