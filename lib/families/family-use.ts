// Which use a column family has, and which storage writes to it. Known until its database is closed: while a column family
// is empty nothing in it tells.

import { coreOf } from '../../binding/database.js';
import type { ColumnFamily } from '../../binding/index.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import { StorageError } from '../contract/storage-error.js';

export type FamilyUse = 'a log' | 'a snapshot store';

interface Used {
  as: FamilyUse;
  /** False while a log is being opened: where that fails, nothing has been said of the column family. */
  isSettled: boolean;
  /** The storage that writes to it. One that was collected has nothing under way. */
  writer?: WeakRef<object> | undefined;
}

const uses = new WeakMap<ColumnFamily, Used>();

/**
 * Notes what a column family is used as.
 * @throws StorageError INVALID_ARGUMENT where it is used as something else
 */
export function claimFamily(family: ColumnFamily, use: FamilyUse): void {
  const used = uses.get(family);
  if (used === undefined) uses.set(family, { as: use, isSettled: true });
  else if (used.as !== use) {
    const message = `column family ${family.name} is open as ${used.as}: ${use} needs one of its own`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
}

/**
 * {@link claimFamily} for a log that is being opened, by `writer` if it is to be written: two would each acknowledge what the
 * other overwrites. To be followed by {@link settleLog} or {@link releaseLog}.
 * @throws StorageError INVALID_ARGUMENT where another storage writes to it that is neither closed nor collected
 */
export function claimLog(family: ColumnFamily, writer: object | undefined): void {
  if (!uses.has(family)) uses.set(family, { as: 'a log', isSettled: false });
  claimFamily(family, 'a log');
  if (writer === undefined) return;
  const used = uses.get(family) as Used;
  if (used.writer?.deref() !== undefined) {
    const { name, database } = family;
    const message = `the log in column family ${name} of ${database.path} is open for writing already`;
    throw new StorageError('INVALID_ARGUMENT', `${message}: use that storage, or close it first`);
  }
  used.writer = new WeakRef(writer);
}

/** It is a log indeed. */
export function settleLog(family: ColumnFamily): void {
  const used = uses.get(family);
  if (used !== undefined) used.isSettled = true;
}

/** `writer` has failed to open the log, or is done with it: the next may have it. */
export function releaseLog(family: ColumnFamily, writer: object): void {
  const used = uses.get(family);
  if (used?.writer?.deref() === writer) used.writer = undefined;
  if (used?.isSettled === false) uses.delete(family);
}

/**
 * That `batch`, of a caller's own records, leaves alone every log and every snapshot store of the database of `log`, the
 * column family of the log that it is written with.
 * @throws StorageError INVALID_ARGUMENT
 */
export function refuseUsedFamilies(batch: PackedBatch, log: ColumnFamily): void {
  const { database } = log;
  const core = coreOf(database);
  try {
    batch.checkOwner(core);
  } catch (error) {
    throw new StorageError('INVALID_ARGUMENT', `options.alongside: ${(error as Error).message}`, { cause: error });
  }
  const written = batch.families();
  for (const name of database.columnFamilies) {
    const family = database.columnFamily(name);
    const used = uses.get(family);
    if (used === undefined || !written.has(core.idOf(family))) continue;
    const whose = family === log ? `${name}, the column family of the log itself` : `${name}, which is ${used.as}`;
    throw new StorageError('INVALID_ARGUMENT', `options.alongside must not write to ${whose}`);
  }
}
