// RocksDB without the storage, where the C++ program (../../native-baseline) is not there. The binding writes the same
// records, packed as the storage packs them.

import { join } from 'node:path';
import { logKey } from '../../../lib/format/log-keys.js';
import { WriteBatch } from '../../../lib/index.js';
import type { Contestant } from '../../shared/contestant.js';
import { measureBlocking } from '../../shared/measure.js';
import { LOG, logIdle, openLogDatabase, ownHello, withFsyncs } from '../../shared/own-database.js';
import { storedEntries } from '../../shared/peers/peer.js';
import { rawEntries } from '../../shared/raw-entries.js';

export async function openBinding(folder: string): Promise<Contestant> {
  const db = await openLogDatabase(join(folder, 'db'));
  const family = db.columnFamily(LOG);
  let first = 0;
  let next = 0;
  return {
    version: ownHello.version,
    durability: 'Database.writeSync with sync: true',
    works: {
      append: ({ ms, batch: entriesPerBatch, entryBytes }) => {
        const values = storedEntries(rawEntries(entriesPerBatch, entryBytes));
        const batch = new WriteBatch();
        return withFsyncs(db, () =>
          measureBlocking(ms, entriesPerBatch, () => {
            batch.clear();
            for (const value of values) batch.put(family, logKey(next++), value);
            db.writeSync(batch, { sync: true });
          }),
        );
      },
    },
    async settle() {
      db.writeSync(new WriteBatch().deleteRange(family, logKey(first), logKey(next)));
      first = next;
      await logIdle(db);
    },
    close: () => db.close(),
  };
}
