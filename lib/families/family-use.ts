import type { ColumnFamily } from '../../binding/index.js';
import { StorageError } from '../contract/storage-error.js';

export type FamilyUse = 'a log' | 'a snapshot store';

const uses = new WeakMap<ColumnFamily, FamilyUse>();

/**
 * Notes what a column family is used as, until its database is closed: while it is empty nothing in it tells.
 * @throws StorageError INVALID_ARGUMENT where it is used as something else
 */
export function claimFamily(family: ColumnFamily, use: FamilyUse): void {
  const other = uses.get(family) ?? use;
  if (other !== use) {
    const message = `column family ${family.name} is open as ${other}: ${use} needs one of its own`;
    throw new StorageError('INVALID_ARGUMENT', message);
  }
  uses.set(family, use);
}
