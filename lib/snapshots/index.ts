// The door of this room, by which the package has what it exports.

export type { LogStorage } from './log-move.js';
export type {
  CompactOptions,
  PutOptions,
  SnapshotInfo,
  SnapshotReadOptions,
  SnapshotSource,
  SnapshotStream,
} from './snapshot.js';
export { SnapshotStore } from './snapshot-store.js';
