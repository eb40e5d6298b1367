// RocksdbStorage: each call blocks until its entries are durable.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Codec, msgpackCodec, RocksdbStorage, rawCodec } from '../../lib/index.js';
import { measureBlocking } from '../measure.js';
import { READ_ENTRIES, type Sample } from '../protocol.js';
import { cycle, flights, rawEntries } from '../records.js';
import type { Contestant, Numbers } from './contestant.js';
import { LOG, openLogDatabase, ownHello, settleLog, withFsyncs } from './own-database.js';

const DIFFERENT_ENTRIES = 64;

type MakeEntries<T> = (count: number, entryBytes: number | undefined) => T[];

export function openStorage(folder: string): Promise<Contestant> {
  return openWithCodec<Uint8Array>(folder, rawCodec, rawEntries);
}

/** Entries are flight records; or objects that hold `entryBytes` bytes, which fill a WAL faster. */
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
      append: (numbers) => withFsyncs(db, () => append(log, make, numbers)),
      'append-cold': async (numbers) => {
        const path = join(folder, 'cold');
        const coldDb = await openLogDatabase(path);
        const coldLog = RocksdbStorage.openIn<T>(coldDb, LOG, { entryCodec });
        const sample = await withFsyncs(coldDb, () => append(coldLog, make, numbers));
        await coldDb.close();
        await rm(path, { recursive: true });
        return sample;
      },
      read: ({ ms }) =>
        measureBlocking(ms, READ_ENTRIES, () => {
          const { length } = readLog.getEntries(0, READ_ENTRIES);
          if (length !== READ_ENTRIES) throw new Error(`read ${length} entries`);
        }),
    },
    settle: () => settleLog(db, log),
    async close() {
      await Promise.all([db.close(), readDb.close()]);
    },
  };
}

function append<T>(log: RocksdbStorage<T>, make: MakeEntries<T>, { ms, batch, entryBytes }: Numbers): Sample {
  if (batch === 1) {
    const next = cycle(make(DIFFERENT_ENTRIES, entryBytes));
    return measureBlocking(ms, 1, () => log.appendEntry(next()));
  }
  const entries = make(batch, entryBytes);
  return measureBlocking(ms, batch, () => log.appendEntries(entries));
}
