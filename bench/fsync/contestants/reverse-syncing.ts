import { coreOf } from '../../../binding/database.js';
import type { DatabaseCore } from '../../../binding/database-core.js';
import type { Database } from '../../../lib/index.js';

/**
 * Runs `call` with a database that syncs what a storage does not want synced, and does not sync what it does. The records
 * are the same to the byte, and take the same way. This breaks the storage's promises: it is for measuring only.
 */
export function reverseSyncing<R>(database: Database, call: () => R): R {
  const core = coreOf(database);
  const { writeSync } = core;
  const reversed: Pick<DatabaseCore, 'writeSync'> = {
    writeSync: (batch, sync) => writeSync.call(core, batch, !sync),
  };
  Object.assign(core, reversed);
  try {
    return call();
  } finally {
    delete (core as Partial<typeof reversed>).writeSync; // uncovers the method of the class
  }
}
