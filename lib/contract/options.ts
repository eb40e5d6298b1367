import type { WriteBatch } from '../../binding/index.js';
import type { Codec } from './codec.js';

/** How a storage encodes what it is given. Each codec must be able to read what is in the log already. */
export interface StorageOptions<T, S> {
  /** For the entries. Default: MessagePack, by `msgpackCodec`. */
  entryCodec?: Codec<T>;
  /** For the snapshot of `setSnapshot` and `compact`. Default: MessagePack, by `msgpackCodec`. */
  snapshotCodec?: Codec<S>;
}

/** Options of `writeAtomically`. */
export interface AtomicWriteOptions {
  /**
   * Records of the caller's own, in other column families of the same database, that become part of the atomic write.
   * They are copied at the call. They may not touch a column family that holds a log or snapshots. A storage in memory has
   * no database to write them to, and refuses them.
   */
  alongside?: WriteBatch;
  /** True: it is fsynced even if no operation asks for that. Where there is nothing to write, nothing is done. Default false. */
  sync?: boolean;
}

/** Options of `getSuffix`. */
export interface ReadSignal {
  /** Ends the reading: it fails with the signal's reason. A blocking read looks at it once, when it begins. */
  signal?: AbortSignal;
}

/** Options of `readPacked`. */
export interface ReadPackedOptions extends ReadSignal {
  /**
   * Bytes of entries, as they are stored (a byte of version each, and no length): a page ends behind the entry that reaches
   * them. From 1 to 64 MiB; default 1 MiB.
   */
  maxBytes?: number;
}

/** Options of `getEntries` and `entries`. */
export interface ReadOptions extends ReadSignal {
  /**
   * Bytes of entries, as they are stored; at least 1. `getEntries` stops behind the entry that reaches them (default: no
   * limit). `entries` reads about so many ahead, and goes on to the end (default: 1 MiB).
   */
  maxBytes?: number;
}
