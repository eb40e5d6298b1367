// Opens what must be there already. It says so where a folder or column family is misspelt, and makes nothing.

import { Database, RocksError } from '../binding/index.js';

/** How many column families a message names at most. */
const MOST_NAMES = 20;

/**
 * Opens a database that exists, and has the column family `cf`, where one is given.
 * @throws Error that names the column families that there are
 */
export async function openExisting(path: string, cf: string | undefined, remedy = ''): Promise<Database> {
  return open(path, cf, { readOnly: false, remedy });
}

/** As {@link openExisting}, but read-only, and so beside a live writer if there is one. */
export async function openToRead(path: string, cf: string): Promise<Database> {
  return open(path, cf, { readOnly: true, remedy: '' });
}

async function open(
  path: string,
  cf: string | undefined,
  { readOnly, remedy }: { readOnly: boolean; remedy: string },
): Promise<Database> {
  const columnFamilies = cf === undefined ? [] : [cf];
  try {
    return await Database.open(path, {
      readOnly,
      createIfMissing: false,
      createMissingColumnFamilies: false,
      columnFamilies,
    });
  } catch (error) {
    if (!(error instanceof RocksError)) throw error;
    if (error.code === 'NOT_FOUND') throw new Error(error.message + remedy, { cause: error });
    if (error.code !== 'COLUMN_FAMILY_NOT_FOUND') throw error;
    const there = await familiesIn(path);
    throw new Error(`${path} has no column family ${JSON.stringify(cf)}; there are ${there}${remedy}`, {
      cause: error,
    });
  }
}

async function familiesIn(path: string): Promise<string> {
  await using db = await Database.open(path, { readOnly: true });
  const names = db.columnFamilies.map((name) => JSON.stringify(name));
  if (names.length <= MOST_NAMES) return names.join(', ');
  return `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;
}
