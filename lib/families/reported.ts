// What the database reports, as the StorageErrors that callers of a log or a snapshot store are promised.

import { RocksError } from '../../binding/index.js';
import { StorageError } from '../contract/storage-error.js';

/** Runs `call`; what the database reports becomes the cause of a StorageError. */
export function reported<R>(call: () => R): R {
  try {
    return call();
  } catch (error) {
    throw asStorageError(error);
  }
}

/** {@link reported} for what is under way. */
export async function reportedLater<R>(outcome: Promise<R>): Promise<R> {
  try {
    return await outcome;
  } catch (error) {
    throw asStorageError(error);
  }
}

export function asStorageError(error: unknown): unknown {
  if (!(error instanceof RocksError)) return error;
  const { code, message } = error;
  const isOurs = code === 'COLUMN_FAMILY_NOT_FOUND' || code === 'INVALID_ARGUMENT';
  return new StorageError(isOurs ? code : 'ROCKSDB', message, { cause: error });
}
