// AsyncRocksdbStorage: appends in flight share an fsync.

import { join } from 'node:path';
import { rawCodec } from '../../lib/format/raw-codec.js';
import { AsyncRocksdbStorage } from '../../lib/index.js';
import type { Contestant, Numbers } from './contestant.js';
import { measureInFlight, watchingLoop } from './measure.js';
import { LOG, openLogDatabase, ownHello, settleLog, withFsyncs } from './own-database.js';
import type { Sample } from './protocol.js';
import { cycle, DIFFERENT_ENTRIES, rawEntries } from './raw-entries.js';

export async function openAsyncStorage(folder: string): Promise<Contestant> {
  const db = await openLogDatabase(join(folder, 'db'));
  const log = await AsyncRocksdbStorage.openIn<Uint8Array>(db, LOG, { entryCodec: rawCodec });
  const append = ({ ms, batch, inFlight, entryBytes }: Numbers): Promise<Sample> => {
    const entries = rawEntries(batch === 1 ? DIFFERENT_ENTRIES : batch, entryBytes);
    const next = cycle(entries);
    const call = batch === 1 ? () => log.appendEntry(next()) : () => log.appendEntries(entries);
    return withFsyncs(db, () => measureInFlight(ms, inFlight, batch, call));
  };
  return {
    ...ownHello,
    works: {
      append,
      'append-watching-loop': (numbers) => watchingLoop(() => append(numbers)),
    },
    settle: () => settleLog(db, log),
    close: () => db.close(),
  };
}
