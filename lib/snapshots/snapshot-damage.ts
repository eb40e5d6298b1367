import { RocksError } from '../../binding/index.js';
import { StorageError } from '../contract/storage-error.js';

/** Whether `error`, of reading a snapshot, says that it is damaged on the disk: not that the disk cannot be read just now. */
export function isSnapshotDamage(error: unknown): error is StorageError {
  if (!(error instanceof StorageError)) return false;
  if (error.code === 'ROCKSDB') return error.cause instanceof RocksError && error.cause.code === 'CORRUPTION';
  return error.code === 'CODEC' || error.code === 'META';
}
