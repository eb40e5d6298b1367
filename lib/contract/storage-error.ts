/** What a {@link StorageError} is about. The class says what each code means, `docs/errors.md` what to do about it. */
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
 * - `CLOSED`: the storage was closed; open another on the column family
 * - `CODEC`: a value that its codec cannot encode or decode, or a record that is damaged or of a later release
 * - `COLUMN_FAMILY_NOT_FOUND`: the column family of the log or the store is not in the database
 * - `INVALID_ARGUMENT`: the call asks for what cannot be done; nothing was written
 * - `LOG_INTEGRITY`: among the entries of the log is a key that is none of an entry
 * - `META`: a record that no storage or snapshot store wrote, or one that is missing
 * - `POISONED`: it is unknown whether an earlier write is on disk; open the database again. Reads go on
 * - `ROCKSDB`: what the database reports, as the `cause`
 */
export class StorageError extends Error {
  /** Stable: messages may change, codes do not. */
  readonly code: StorageErrorCode;

  /** `message` says what was refused, and why. `options.cause`: what led to it. */
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}
