import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { type ColumnFamily, Database } from '../../binding/index.js';

const folder = mkdtempSync(join(tmpdir(), 'omnipaxos-rocksdb-'));
let opened: Promise<Database> | undefined;
let made = 0;

afterAll(async () => {
  await (await opened)?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A new column family, in a database that all tests of the file share: a new one for each would cost far more time. */
export async function newColumnFamily(): Promise<ColumnFamily> {
  opened ??= Database.open(folder);
  return (await opened).createColumnFamily(`family ${++made}`);
}
