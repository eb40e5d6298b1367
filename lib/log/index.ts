// The door of this room, by which the package has what it exports.

export { AsyncMemStorage } from './async-mem-storage.js';
export { AsyncRocksdbStorage } from './async-rocksdb-storage.js';
export { MemStorage } from './mem-storage.js';
export { RocksdbStorage } from './rocksdb-storage.js';
export type { UnsyncedOp } from './transition.js';
