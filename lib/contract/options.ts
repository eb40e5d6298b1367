import type { WriteBatch } from '../../binding/index.js';
import type { Codec } from './codec.js';

export interface StorageOptions<T, S> {
  /** Default: {@link msgpackCodec}. */
  entryCodec?: Codec<T>;
  /** Default: {@link msgpackCodec}. */
  snapshotCodec?: Codec<S>;
}

export interface AtomicWriteOptions {
  /**
   * Records of the caller's own, in other column families of the same database, that become part of the atomic write.
   * They are copied at the call. A `MemStorage` has no database to write them to, and refuses them.
   */
  alongside?: WriteBatch;
  /** Fsynced even if no operation asks for it; where there is nothing to write, nothing is. Default false. */
  sync?: boolean;
}
