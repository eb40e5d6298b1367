// The package: the storage, and the binding beneath it.

export * from '../binding/index.js';
export {
  type AppendedRange,
  type AsyncStorage,
  type AtomicWriteOptions,
  type Ballot,
  type ClusterConfig,
  type Codec,
  type IndexedEntry,
  type LogBounds,
  type LogIndex,
  type NodeId,
  PackedPage,
  type ReadOptions,
  type ReadPackedOptions,
  type ReadSignal,
  type StopSign,
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageOp,
  type StorageOptions,
} from './contract/index.js';
export { msgpackCodec, rawCodec } from './format/index.js';
export {
  AsyncMemStorage,
  AsyncRocksdbStorage,
  MemStorage,
  RocksdbStorage,
  type UnsyncedOp,
} from './log/index.js';
export {
  type LogStorage,
  type PutOptions,
  type SnapshotInfo,
  type SnapshotReadOptions,
  type SnapshotSource,
  SnapshotStore,
  type SnapshotStream,
} from './snapshots/index.js';
