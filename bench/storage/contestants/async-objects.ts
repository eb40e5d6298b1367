// AsyncRocksdbStorage with the default codec: one batch is encoded while another is written.

import { join } from 'node:path';
import { AsyncRocksdbStorage } from '../../../lib/index.js';
import type { Contestant } from '../../shared/contestant.js';
import { measureInFlight } from '../../shared/measure.js';
import { LOG, openLogDatabase, ownHello, settleLog, withFsyncs } from '../../shared/own-database.js';
import { rawEntries } from '../../shared/raw-entries.js';
import { flights } from '../flights.js';

/** Entries are flight records. Where `entryBytes` is given, they are objects of so many bytes, which fill a WAL faster. */
export async function openAsyncStorageOfObjects(folder: string): Promise<Contestant> {
  const db = await openLogDatabase(join(folder, 'db'));
  const log = await AsyncRocksdbStorage.openIn<object>(db, LOG);
  return {
    ...ownHello,
    works: {
      append: ({ ms, batch, inFlight, entryBytes }) => {
        const entries =
          entryBytes === undefined ? flights(batch) : rawEntries(batch, entryBytes).map((bytes) => ({ bytes }));
        return withFsyncs(db, () => measureInFlight(ms, inFlight, batch, () => log.appendEntries(entries)));
      },
    },
    settle: () => settleLog(db, log),
    close: () => db.close(),
  };
}
