// What users of the binding may see. The other exports of this folder are for lib/ and the tests.

export type { ColumnFamilyOf } from './column-family.js';
export type { Damage, DamageKind, Recovered } from './damage.js';
export { type ColumnFamily, Database, type WriteOptions } from './database.js';
export type { ColumnFamilyOptions, DatabaseOptions } from './open-options.js';
export type { Row } from './packed-rows.js';
export { RocksError, type RocksErrorCode } from './rocks-error.js';
export type { IterateOptions } from './row-iterator.js';
export type { ScanRange } from './scan-range.js';
export { WriteBatch } from './write-batch.js';
