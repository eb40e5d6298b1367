import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Database, RocksdbStorage } from '../../lib/index.js';
import { runCommand } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ballot = { configId: 1, n: 2, priority: 3, pid: 2n ** 64n - 1n };

function withLog(fill: (log: RocksdbStorage<unknown, Uint8Array>) => void): { path: string; close(): void } {
  const path = join(temporaryFolder(), 'db');
  const db = Database.openSync(path, { columnFamilies: ['log'] });
  fill(RocksdbStorage.openIn<unknown, Uint8Array>(db, 'log'));
  return { path, close: () => db.closeSync() };
}

describe('stat', () => {
  it('prints every figure as JSON, beside a live writer', async () => {
    const { path, close } = withLog((log) => {
      log.appendEntries([1, 2, 3, 4, 5]);
      log.setPromise(ballot);
      log.setAcceptedRound({ ...ballot, pid: 7 });
      log.setDecidedIdx(4);
      log.compact(2, Buffer.alloc(100));
      log.setStopsign({ nextConfig: { configurationId: 2, nodes: [1, 2, 3] } });
    });
    const { exitCode, stdout } = await runCommand(['stat', '--db', path, '--json']);
    close();
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      first: 2,
      next: 5,
      compacted: 2,
      decided: 4,
      logLength: 3,
      promise: { configId: 1, n: 2, priority: 3, pid: '18446744073709551615' },
      acceptedRound: { configId: 1, n: 2, priority: 3, pid: 7 },
      snapshotBytes: 103, // a version byte and MessagePack's two for a string of bytes
      stopsignBytes: expect.any(Number),
      walBytes: expect.any(Number),
      sstBytes: 0,
    });
    expect(JSON.parse(stdout).stopsignBytes).toBeGreaterThan(5);
    expect(JSON.parse(stdout).walBytes).toBeGreaterThan(100);
  });

  it('prints a table without colours when it is not a terminal that reads it', async () => {
    const { path, close } = withLog((log) => log.appendEntries([1, 2, 3]));
    const { exitCode, stdout } = await runCommand(['stat', '--db', path]);
    close();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/next index +│ +3 │/);
    expect(stdout).toMatch(/promise +│ +none │/);
    expect(stdout).not.toContain('\u001b');
  });

  it('needs not know the codecs', async () => {
    const { path, close } = withLog((log) => log.setPromise(ballot));
    close();
    const db = Database.openSync(path);
    const odd = { encode: () => Buffer.from([0xc1]), decode: () => 1 };
    RocksdbStorage.openIn<unknown, unknown>(db, 'log', { entryCodec: odd, snapshotCodec: odd }).compact(0, 'x');
    db.closeSync();
    expect((await runCommand(['stat', '--db', path])).exitCode).toBe(0);
  });
});
