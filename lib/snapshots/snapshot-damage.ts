import { RocksError } from '../../binding/index.js';
import { StorageError } from '../contract/storage-error.js';

/** Whether `error`, of reading a snapshot, says that it is damaged on the disk: not that the disk cannot be read just now. */
export function isSnapshotDamage(error: unknown): error is StorageError {
  if (!(error instanceof StorageError)) return false;
  return isFileDamage(error) || error.code === 'CODEC' || error.code === 'META';
}

/** Whether a file of the database is damaged: RocksDB would come upon it again whenever it rewrites the file. */
export function isFileDamage(error: unknown): boolean {
  if (!(error instanceof StorageError) || error.code !== 'ROCKSDB') return false;
  return error.cause instanceof RocksError && error.cause.code === 'CORRUPTION';
}
