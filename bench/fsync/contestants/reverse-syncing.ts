import type { Database } from '../../../lib/index.js';

/**
 * Runs `call` with a database that syncs what a storage does not want synced, and does not sync what it does. The records
 * are the same to the byte, and take the same way. This breaks the storage's promises: it is for measuring only.
 */
export function reverseSyncing<R>(database: Database, call: () => R): R {
  const { writeSync } = database;
  const reversed: Pick<Database, 'writeSync'> = {
    writeSync: (batch, { sync = false } = {}) => writeSync.call(database, batch, { sync: !sync }),
  };
  Object.assign(database, reversed);
  try {
    return call();
  } finally {
    delete (database as Partial<typeof reversed>).writeSync; // uncovers the method of the class
  }
}
