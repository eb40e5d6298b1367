/** What a {@link StorageError} is about. */
export type StorageErrorCode =
  | 'CLOSED'
  | 'CODEC'
  | 'COLUMN_FAMILY_NOT_FOUND'
  | 'INVALID_ARGUMENT'
  | 'LOG_INTEGRITY'
  | 'META'
  | 'POISONED'
  | 'ROCKSDB';

/**
 * A failure of a storage. `cause` holds the RocksError, or the codec's own error, where there is one.
 *
 * - `CLOSED`: the storage was closed; open another in the column family
 * - `CODEC`: a value that its codec cannot encode or decode, or a schema version that this release does not know
 * - `COLUMN_FAMILY_NOT_FOUND`: the log's column family is not in the database
 * - `INVALID_ARGUMENT`: nothing was written
 * - `LOG_INTEGRITY`: a key in the log's key space that is no log key
 * - `META`: a meta record of a wrong length or value
 * - `POISONED`: an earlier write failed with an outcome nobody knows; reopen the database. Reads go on
 * - `ROCKSDB`: what the database reports
 */
export class StorageError extends Error {
  /** Stable: messages may change, codes do not. */
  readonly code: StorageErrorCode;

  /** `cause` in `options` is the error beneath. */
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}
