// Which use a column family has, and which storage writes to it. Known until its database is closed: while a column family
// is empty nothing in it tells.

import { coreOf } from '../../binding/database.js';
import type { DatabaseCore } from '../../binding/database-core.js';
import type { ColumnFamily } from '../../binding/index.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import { StorageError } from '../contract/storage-error.js';
import { useOnDisk } from './use-on-disk.js';

export type FamilyUse = 'a log' | 'a snapshot store';

interface Used {
  as: FamilyUse;
  /** False while a log is being opened: where that fails, nothing has been said of the column family. */
  isSettled: boolean;
  /** The storage that writes to it. One that was collected has nothing under way. */
  writer?: WeakRef<object> | undefined;
}

/** Of the column families of one database, by their ids. */
class FamilyUses {
  readonly used = new Map<number, Used>();
  /** In which nothing was found but records of the caller's own. */
  readonly ownRecords = new Set<number>();
}

const usesIn = new WeakMap<DatabaseCore, FamilyUses>();

function usesOf(core: DatabaseCore): FamilyUses {
  const known = usesIn.get(core) ?? new FamilyUses();
  usesIn.set(core, known);
  return known;
}

function placeOf(family: ColumnFamily): { used: Map<number, Used>; id: number } {
  const core = coreOf(family.database);
  return { used: usesOf(core).used, id: core.idOf(family) };
}

/**
 * Notes what a column family is used as.
 * @throws StorageError INVALID_ARGUMENT where it is used as something else
 */
export function claimFamily(family: ColumnFamily, use: FamilyUse): void {
  const { used, id } = placeOf(family);
  const { as = use } = used.get(id) ?? {};
  if (as !== use) {
    const message = `column family ${family.name} is open as ${as}: ${use} needs one of its own`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
  if (!used.has(id)) used.set(id, { as: use, isSettled: true });
}

/**
 * {@link claimFamily} for a log that is being opened, by `writer` if it is to be written: two would each acknowledge what the
 * other overwrites. To be followed by {@link settleLog} or {@link releaseLog}.
 * @throws StorageError INVALID_ARGUMENT where another storage writes to it that is neither closed nor collected
 */
export function claimLog(family: ColumnFamily, writer: object | undefined): void {
  const { used, id } = placeOf(family);
  if (!used.has(id)) used.set(id, { as: 'a log', isSettled: false });
  claimFamily(family, 'a log');
  if (writer === undefined) return;
  const log = used.get(id) as Used;
  const { name, database } = family;
  // Of a closed database nothing is read or written any more, which is what the caller must be told.
  if (log.writer?.deref() !== undefined && !database.closed) {
    const message = `the log in column family ${name} of ${database.path} is open for writing already`;
    throw new StorageError('INVALID_ARGUMENT', `${message}: use that storage, or close it first`);
  }
  log.writer = new WeakRef(writer);
}

/** It is a log indeed. */
export function settleLog(family: ColumnFamily): void {
  const { used, id } = placeOf(family);
  const log = used.get(id);
  if (log !== undefined) log.isSettled = true;
}

/** `writer` has failed to open the log, or is done with it: the next may have it. */
export function releaseLog(family: ColumnFamily, writer: object): void {
  const { used, id } = placeOf(family);
  const log = used.get(id);
  if (log?.writer?.deref() === writer) log.writer = undefined;
  if (log?.isSettled === false) used.delete(id);
}

/**
 * That `batch`, of a caller's own records, leaves alone every log and every snapshot store of the database of `log`, the
 * column family of the log that it is written with. Into a column family that nobody has opened it looks, once.
 * @throws StorageError INVALID_ARGUMENT; ROCKSDB where it cannot look
 */
export function refuseUsedFamilies(batch: PackedBatch, log: ColumnFamily): void {
  const core = coreOf(log.database);
  try {
    batch.checkOwner(core);
  } catch (error) {
    throw new StorageError('INVALID_ARGUMENT', `options.alongside: ${(error as Error).message}`, { cause: error });
  }
  const { used, ownRecords } = usesOf(core);
  for (const id of batch.families()) {
    if (ownRecords.has(id) && !used.has(id)) continue;
    const family = familyOf(log, id);
    if (family === undefined) continue; // dropped: the write will be refused for that
    const use = used.get(id)?.as ?? useOnDisk(family);
    if (use === undefined) ownRecords.add(id);
    else
      throw touches(
        family === log ? `${log.name}, the column family of the log itself` : `${family.name}, which is ${use}`,
      );
  }
}

function familyOf({ database }: ColumnFamily, id: number): ColumnFamily | undefined {
  const core = coreOf(database);
  return database.columnFamilies.map((name) => database.columnFamily(name)).find((family) => core.idOf(family) === id);
}

function touches(what: string): StorageError {
  return new StorageError('INVALID_ARGUMENT', `options.alongside must not write to ${what}`);
}
