import type { WriteBatch } from '../../binding/index.js';
import type { Codec } from './codec.js';

/** How a storage encodes what it is given. */
export interface StorageOptions<T, S> {
  /** Default: MessagePack, by `msgpackCodec`. */
  entryCodec?: Codec<T>;
  /** Default: MessagePack, by `msgpackCodec`. */
  snapshotCodec?: Codec<S>;
}

/** Of one atomic write. */
export interface AtomicWriteOptions {
  /**
   * Records of the caller's own, in other column families of the same database, that become part of the atomic write.
   * They are copied at the call. They may not touch a column family that holds a log or snapshots. A storage in memory has
   * no database to write them to, and refuses them.
   */
  alongside?: WriteBatch;
  /** Fsynced even if no operation asks for it; where there is nothing to write, nothing is. Default false. */
  sync?: boolean;
}

/** Of a read that can take long. */
export interface ReadSignal {
  /** Ends the reading: it fails with the signal's reason. A blocking read looks at it once, when it begins. */
  signal?: AbortSignal;
}

/** Of a read of a range. */
export interface ReadOptions extends ReadSignal {
  /**
   * Bytes of entries, as they are stored. A list stops behind the entry that reaches them; default: no limit. An iterator
   * holds about as many in memory at once; default: 1 MiB.
   */
  maxBytes?: number;
}
