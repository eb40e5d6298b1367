import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { type ColumnFamily, Database } from '../../binding/index.js';

/** A new family costs more the more there are. */
const FAMILIES = 40;

const folders: string[] = [];
const opened: Promise<Database>[] = [];
let made = 0;

afterAll(async () => {
  for (const database of opened) await (await database).close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new column family, in a database that many tests of the file share: a new one for each would cost far more time. */
export async function newColumnFamily(): Promise<ColumnFamily> {
  if (made++ % FAMILIES === 0) {
    const folder = mkdtempSync(join(tmpdir(), 'omnipaxos-rocksdb-'));
    folders.push(folder);
    opened.push(Database.open(folder));
  }
  return (await (opened.at(-1) as Promise<Database>)).createColumnFamily(`family ${made}`);
}
