// The door of this room, by which the package has what it exports.

export type { Codec } from './codec.js';
export type { Mode, Result } from './mode.js';
export type { AtomicWriteOptions, ReadOptions, ReadPackedOptions, ReadSignal, StorageOptions } from './options.js';
export { PackedPage } from './packed-page.js';
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
} from './storage.js';
export { StorageError, type StorageErrorCode } from './storage-error.js';
export * from './validate.js';
