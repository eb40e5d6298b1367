import type { ChunkReader } from '../snapshots/chunk-reader.js';
import type { IncomingSnapshot, SnapshotIdentity } from '../snapshots/incoming-snapshot.js';
import type { SnapshotStore } from '../snapshots/index.js';
import { announcedNames, identityOf, incoming, readFrom } from '../snapshots/snapshot-store.js';

export type StateChunks = Pick<ChunkReader, 'given' | 'next' | 'release'>;

/** A state that comes from a peer. */
export type IncomingState = Pick<IncomingSnapshot, 'take' | 'read' | 'discard'>;

/** What a transfer of states needs of a {@link SnapshotStore}: a simulation has one in virtual time. */
export interface StateStore {
  identityOf(name: string): Promise<SnapshotIdentity | undefined>;
  /** From the chunk on that has the byte at `offset`. The chunks are to be released. */
  readFrom(name: string, offset: number): Promise<{ manifest: SnapshotIdentity; chunks: StateChunks } | undefined>;
  /** One that is to become `name`. */
  incoming(name: string, announcedAs: string): IncomingState;
  /** Of all that have been begun, in this life or an earlier one. */
  announcedNames(): Promise<string[]>;
}

export function stateStoreOf(store: SnapshotStore): StateStore {
  return {
    identityOf: (name) => identityOf(store, name),
    readFrom: (name, offset) => readFrom(store, name, offset),
    incoming: (name, announcedAs) => incoming(store, name, announcedAs),
    announcedNames: () => announcedNames(store),
  };
}
