// The appends of a storage that blocks: to a database in its steady state, to a new one, and to one just reopened.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorageOptions } from '../../lib/contract/options.js';
import { RocksdbStorage, type Storage } from '../../lib/index.js';
import type { Numbers } from './contestant.js';
import { measureBlocking } from './measure.js';
import { LOG, openLogDatabase, settleLog, withFsyncs } from './own-database.js';
import type { Sample } from './protocol.js';
import { cycle, DIFFERENT_ENTRIES } from './raw-entries.js';

export type MakeEntries<T> = (count: number, entryBytes: number | undefined) => T[];

export function appendBlocking<T>(
  log: Pick<Storage<T>, 'appendEntry' | 'appendEntries'>,
  make: MakeEntries<T>,
  { ms, batch, entryBytes }: Numbers,
): Sample {
  if (batch === 1) {
    const next = cycle(make(DIFFERENT_ENTRIES, entryBytes));
    return measureBlocking(ms, 1, () => log.appendEntry(next()));
  }
  const entries = make(batch, entryBytes);
  return measureBlocking(ms, batch, () => log.appendEntries(entries));
}

/** Appends to a new database, made in `folder` and removed afterwards. */
export async function appendCold<T>(
  folder: string,
  options: StorageOptions<T, unknown> & { recycleWalFiles?: number },
  make: MakeEntries<T>,
  numbers: Numbers,
): Promise<Sample> {
  const { recycleWalFiles, ...storageOptions } = options;
  const path = join(folder, 'cold');
  const db = await openLogDatabase(path, recycleWalFiles === undefined ? {} : { recycleWalFiles });
  const log = RocksdbStorage.openIn<T>(db, LOG, storageOptions);
  const sample = await withFsyncs(db, () => appendBlocking(log, make, numbers));
  await db.close();
  await rm(path, { recursive: true });
  return sample;
}

/** Appends to a database in `folder` that has just been opened, and had been written to before it was closed. */
export async function appendReopened<T>(
  folder: string,
  options: StorageOptions<T, unknown>,
  make: MakeEntries<T>,
  numbers: Numbers,
): Promise<Sample> {
  const path = join(folder, 'reopened');
  const appendAndClose = async () => {
    const db = await openLogDatabase(path);
    const log = RocksdbStorage.openIn<T>(db, LOG, options);
    const sample = await withFsyncs(db, () => appendBlocking(log, make, numbers));
    await settleLog(db, log);
    await db.close();
    return sample;
  };
  if (!existsSync(path)) await appendAndClose();
  return appendAndClose();
}
