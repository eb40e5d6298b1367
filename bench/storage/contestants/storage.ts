// RocksdbStorage: each call blocks until its entries are durable.

import { join } from 'node:path';
import type { Codec } from '../../../lib/contract/codec.js';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import { msgpackCodec, RocksdbStorage } from '../../../lib/index.js';
import { appendBlocking, appendCold, appendReopened, type MakeEntries } from '../../shared/blocking-appends.js';
import type { Contestant } from '../../shared/contestant.js';
import { measureBlocking } from '../../shared/measure.js';
import { LOG, openLogDatabase, ownHello, settleLog, withFsyncs } from '../../shared/own-database.js';
import { READ_ENTRIES } from '../../shared/protocol.js';
import { rawEntries } from '../../shared/raw-entries.js';
import { flights } from '../flights.js';

/** Enough for all entries of a read. */
const ONE_PAGE = 16 * 1024 * 1024;

export function openStorage(folder: string): Promise<Contestant> {
  return openWithCodec<Uint8Array>(folder, rawCodec, rawEntries);
}

/** Entries are flight records. Where `entryBytes` is given, they are objects of so many bytes, which fill a WAL faster. */
export function openStorageOfObjects(folder: string): Promise<Contestant> {
  return openWithCodec<object>(folder, msgpackCodec(), (count, entryBytes) =>
    entryBytes === undefined ? flights(count) : rawEntries(count, entryBytes).map((bytes) => ({ bytes })),
  );
}

async function openWithCodec<T>(folder: string, entryCodec: Codec<T>, make: MakeEntries<T>): Promise<Contestant> {
  const db = await openLogDatabase(join(folder, 'db'));
  const log = RocksdbStorage.openIn<T>(db, LOG, { entryCodec });

  const readDb = await openLogDatabase(join(folder, 'read'));
  const readLog = RocksdbStorage.openIn<T>(readDb, LOG, { entryCodec });
  readLog.appendEntries(make(READ_ENTRIES, undefined));

  return {
    ...ownHello,
    works: {
      append: (numbers) => withFsyncs(db, () => appendBlocking(log, make, numbers)),
      'append-cold': (numbers) => appendCold(folder, { entryCodec }, make, numbers),
      'append-reopened': (numbers) => appendReopened(folder, { entryCodec }, make, numbers),
      read: ({ ms }) =>
        measureBlocking(ms, READ_ENTRIES, () => {
          const { length } = readLog.getEntries(0, READ_ENTRIES);
          if (length !== READ_ENTRIES) throw new Error(`read ${length} entries`);
        }),
      'read-packed': ({ ms }) =>
        measureBlocking(ms, READ_ENTRIES, () => {
          const { length } = readLog.readPacked(0, READ_ENTRIES, { maxBytes: ONE_PAGE });
          if (length !== READ_ENTRIES) throw new Error(`read ${length} entries`);
        }),
    },
    settle: () => settleLog(db, log),
    async close() {
      await Promise.all([db.close(), readDb.close()]);
    },
  };
}
