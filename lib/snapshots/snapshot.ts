// What a snapshot store holds, and what it is given.

import type { Readable } from 'node:stream';
import type { LogIndex } from '../contract/storage.js';

/** What is known of a snapshot without reading its bytes. */
export interface SnapshotInfo {
  /** 1 to 255 bytes of UTF-8. */
  name: string;
  /** The log index that it stands for: the state once every entry below has been applied. */
  index: LogIndex;
  /** How many bytes it has. */
  byteLength: number;
  /** When it became visible, by this machine's clock; 1970 where that showed no date at all. */
  createdAt: Date;
}

/**
 * The bytes of a snapshot, at once or in pieces of any size. They must not change until the promise has settled.
 *
 * A source that is handed to a call is that call's from then on. If the call fails, or refuses it unread, it closes the
 * source: it destroys a stream, cancels a `ReadableStream`, calls the `return` of an iterator. It does not wait for one that
 * takes its time to close.
 */
export type SnapshotSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The bytes of a snapshot as a stream, or to be iterated over. */
export interface SnapshotStream extends Readable {
  /** Which snapshot it is. Another one, of another index, may have the name by now. */
  readonly snapshot: SnapshotInfo;
}

/** Options of the `SnapshotStore`'s `put` and `restore`, and of `compactTo`. */
export interface PutOptions {
  /** False: a name that is taken is refused, at the call and again once all bytes are there. Default true: it is replaced. */
  overwrite?: boolean;
  /**
   * Gives the call up: it rejects with the signal's reason, leaves nothing behind, and closes its source without waiting for
   * it. Once the last write, which makes the snapshot visible, has begun, it comes too late and changes nothing.
   */
  signal?: AbortSignal;
}

/** Options of the `SnapshotStore`'s `compactTo`. */
export interface CompactOptions extends PutOptions {
  /**
   * How many of the entries that the snapshot covers stay in the log, for peers that lag a little: the floor moves to so many
   * below the snapshot's index, and never back. Default 0.
   */
  keepEntries?: number;
}

/** Options of the `SnapshotStore`'s `open` and `get`. */
export interface SnapshotReadOptions {
  /** Ends the reading with the signal's reason: that of the call, and that of the stream that it has given. */
  signal?: AbortSignal;
}
