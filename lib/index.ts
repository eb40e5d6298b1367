// The package: the storage, and the binding beneath it.

export * from '../binding/index.js';
export type { Codec } from './contract/codec.js';
export type { AtomicWriteOptions, ReadOptions, ReadSignal, StorageOptions } from './contract/options.js';
export type {
  AppendedRange,
  AsyncStorage,
  Ballot,
  ClusterConfig,
  IndexedEntry,
  LogBounds,
  LogIndex,
  NodeId,
  StopSign,
  Storage,
  StorageOp,
} from './contract/storage.js';
export { StorageError, type StorageErrorCode } from './contract/storage-error.js';
export { msgpackCodec } from './format/msgpack-codec.js';
export { rawCodec } from './format/raw-codec.js';
export { AsyncMemStorage } from './log/async-mem-storage.js';
export { AsyncRocksdbStorage } from './log/async-rocksdb-storage.js';
export { MemStorage } from './log/mem-storage.js';

export { RocksdbStorage } from './log/rocksdb-storage.js';
export type { UnsyncedOp } from './log/transition.js';
export type { LogStorage } from './snapshots/log-move.js';
export type {
  PutOptions,
  SnapshotInfo,
  SnapshotReadOptions,
  SnapshotSource,
  SnapshotStream,
} from './snapshots/snapshot.js';
export { SnapshotStore } from './snapshots/snapshot-store.js';
