// The package: the storage, and the binding beneath it.

export * from '../binding/index.js';
export { AsyncRocksdbStorage } from './async-rocksdb-storage.js';
export { type Codec, msgpackCodec, rawCodec } from './codec.js';
export type { LogStorage } from './log-move.js';
export { MemStorage } from './mem-storage.js';
export type { LogBounds } from './readings.js';
export { RocksdbStorage } from './rocksdb-storage.js';
export type { PutOptions, SnapshotInfo, SnapshotSource, SnapshotStream } from './snapshot.js';
export { SnapshotStore } from './snapshot-store.js';
export type { AsyncStorage, Ballot, ClusterConfig, LogIndex, NodeId, StopSign, Storage, StorageOp } from './storage.js';
export { StorageError, type StorageErrorCode } from './storage-error.js';
export type { AtomicWriteOptions, StorageOptions } from './storage-methods.js';
export type { UnsyncedOp } from './transition.js';
