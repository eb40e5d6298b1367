// The one error class for all that RocksDB reports. It is made here, never in C++, so that `instanceof` holds in workers
// and inside test runners that give each file its own realm.

/** What a {@link RocksError} is about. `docs/errors.md` says when each comes, and what to do about it. */
export type RocksErrorCode =
  | 'ABORTED'
  | 'BUSY'
  | 'CLOSED'
  | 'COLUMN_FAMILY_EXISTS'
  | 'COLUMN_FAMILY_NOT_FOUND'
  | 'CORRUPTION'
  | 'INVALID_ARGUMENT'
  | 'IO_ERROR'
  | 'LOCKED'
  | 'NOT_FOUND'
  | 'NOT_SUPPORTED'
  | 'NO_SPACE'
  | 'READ_ONLY'
  | 'TIMED_OUT';

/** A failure that RocksDB reports. The message names the operation and the path or column family. */
export class RocksError extends Error {
  /** Stable: messages may change, codes do not. */
  readonly code: RocksErrorCode;

  /** `message` says what was tried, and where. `options.cause`: what led to it. */
  constructor(code: RocksErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RocksError';
    this.code = code;
  }
}
