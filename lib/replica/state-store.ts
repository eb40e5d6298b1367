import type { PackedBatch } from '../../binding/packed-batch.js';
import type { LogIndex } from '../contract/storage.js';
import type { SnapshotStore } from '../snapshots/index.js';
import { renaming } from '../snapshots/snapshot-store.js';

/** The bytes of a state, in pieces. To be read to its end, or destroyed. */
export interface StateStream extends AsyncIterable<Uint8Array> {
  readonly snapshot: { readonly index: LogIndex };
  destroy(): unknown;
}

/** What a transfer of states needs of a {@link SnapshotStore}: a simulation has one in virtual time. */
export interface StateStore {
  put(name: string, index: LogIndex, state: AsyncIterable<Uint8Array>): Promise<unknown>;
  open(name: string): Promise<StateStream>;
  list(): Promise<readonly { readonly name: string; readonly index: LogIndex }[]>;
  delete(name: string): Promise<void>;
  /** The records by which the state `from` takes the name `to`, for a write of the caller's. */
  renaming(from: string, to: string): Promise<PackedBatch>;
}

export function stateStoreOf(store: SnapshotStore): StateStore {
  return {
    put: (name, index, state) => store.put(name, index, state),
    open: (name) => store.open(name),
    list: () => store.list(),
    delete: (name) => store.delete(name),
    renaming: (from, to) => renaming(store, from, to),
  };
}
