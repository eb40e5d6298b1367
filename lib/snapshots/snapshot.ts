// What a snapshot store holds, and what it is given.

import type { Readable } from 'node:stream';
import type { LogIndex } from '../contract/storage.js';

export interface SnapshotInfo {
  name: string;
  /** The log index that it stands for: the state once every entry below has been applied. */
  index: LogIndex;
  byteLength: number;
  /** When it became visible, by this machine's clock. */
  createdAt: Date;
}

/** The bytes of a snapshot, at once or in pieces of any size. They must not change until the promise has settled. */
export type SnapshotSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The bytes of a snapshot as a stream, or to be iterated over. */
export interface SnapshotStream extends Readable {
  /** Whose bytes they are: another may have the name by now, of another index. */
  readonly snapshot: SnapshotInfo;
}

export interface PutOptions {
  /** Default true. False: a name that is taken is refused, at the call and again once all bytes are there. */
  overwrite?: boolean;
}
