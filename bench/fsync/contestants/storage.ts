// RocksdbStorage. Its appends: in the steady state, cold, and with the event loop watched. Its other operations: each as it
// is, and with its syncing reversed.

import { join } from 'node:path';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import { RocksdbStorage, WriteBatch } from '../../../lib/index.js';
import { appendBlocking, appendCold } from '../../shared/blocking-appends.js';
import type { Contestant } from '../../shared/contestant.js';
import { measureTurns, watchingLoop } from '../../shared/measure.js';
import { LOG, openLogDatabase, ownHello, settleLog, withFsyncs } from '../../shared/own-database.js';
import { OPERATIONS } from '../../shared/protocol.js';
import { cycle, DIFFERENT_ENTRIES, rawEntries } from '../../shared/raw-entries.js';
import { measureOperation } from './operations.js';
import { reverseSyncing } from './reverse-syncing.js';

const RAW = { entryCodec: rawCodec, snapshotCodec: rawCodec };

export async function openStorage(folder: string, recycleWalFiles?: number): Promise<Contestant> {
  const options = recycleWalFiles === undefined ? {} : { recycleWalFiles };
  const db = await openLogDatabase(join(folder, 'db'), options);
  const log = RocksdbStorage.openIn(db, LOG, RAW);

  const nothing = new WriteBatch().delete(db.columnFamily(LOG), Buffer.from('nothing'));
  const writeSync = db.writeSync.bind(db); // works even while syncing is reversed
  const syncAll = () => writeSync(nothing, { sync: true });

  const works: Contestant['works'] = {
    append: (numbers) => withFsyncs(db, () => appendBlocking(log, rawEntries, numbers)),
    'append-cold': (numbers) => appendCold(folder, { entryCodec: rawCodec, ...options }, rawEntries, numbers),
    'append-watching-loop': ({ ms, inFlight, entryBytes }) => {
      const next = cycle(rawEntries(DIFFERENT_ENTRIES, entryBytes));
      const measure = () => measureTurns(ms, inFlight, 1, () => log.appendEntry(next()));
      return watchingLoop(() => withFsyncs(db, measure));
    },
  };
  for (const operation of OPERATIONS) {
    works[`operation-${operation}`] = (numbers) => measureOperation(operation, log, numbers, syncAll);
    works[`opposite-${operation}`] = (numbers) =>
      reverseSyncing(db, () => measureOperation(operation, log, numbers, syncAll));
  }
  return {
    ...ownHello,
    works,
    async settle() {
      await settleLog(db, log);
      syncAll();
    },
    close: () => db.close(),
  };
}
