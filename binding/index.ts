// What users of the binding may see. The other exports of this folder are for lib/ and the tests.

export type { ColumnFamilyOf } from './column-family.js';
export {
  type ColumnFamily,
  type ColumnFamilyOptions,
  Database,
  type DatabaseOptions,
  type WriteOptions,
} from './database.js';
export type { Row } from './packed-rows.js';
export { RocksError, type RocksErrorCode } from './rocks-error.js';
export type { ScanRange } from './scan-range.js';
export { WriteBatch } from './write-batch.js';
