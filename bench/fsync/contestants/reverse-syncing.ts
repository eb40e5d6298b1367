import type { Database } from '../../../lib/index.js';

/**
 * Runs `call` with a database that does not sync what a storage wants synced, and syncs all else. The records are the
 * same to the byte, and so is the way to them. It breaks the storage's promises, and exists to be measured.
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
    delete (database as Partial<typeof reversed>).writeSync; // that of the class is there again
  }
}
