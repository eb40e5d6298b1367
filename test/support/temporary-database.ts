import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { type ColumnFamily, Database, type DatabaseOptions, type Row, WriteBatch } from '../../binding/index.js';
import { temporaryFolder } from './temporary-folder.js';

const opened: Database[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
});

/** A new database in a folder of its own; closed after the test. */
export function temporaryDatabase(options?: DatabaseOptions): Promise<Database> {
  return openAt(join(temporaryFolder(), 'db'), options);
}

/** The database at `path`, closed after the test. */
export async function openAt(path: string, options?: DatabaseOptions): Promise<Database> {
  const database = await Database.open(path, options);
  opened.push(database);
  return database;
}

/** The bytes of `text`, each character one byte. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** The batch that puts each key of `records`, in their order. */
export function puts(cf: ColumnFamily, records: Readonly<Record<string, string>>): WriteBatch {
  const batch = new WriteBatch();
  for (const [key, value] of Object.entries(records)) batch.put(cf, bytes(key), bytes(value));
  return batch;
}

/** Rows as text, `key=value`: {@link bytes} the other way round. */
export function shown(rows: readonly Row[]): string[] {
  return rows.map(({ key, value }) => `${key.toString('latin1')}=${value.toString('latin1')}`);
}

/** All that `rows` yields. */
export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
