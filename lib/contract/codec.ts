/**
 * Values to bytes and back. `encode` may hand out memory that it uses again; `decode` gets memory that is used again,
 * and must copy what it keeps.
 */
export interface Codec<T> {
  /** Throws where it cannot; the storage makes a `StorageError` with the code `CODEC` of it. */
  encode(value: T): Uint8Array;
  /** Throws where `bytes` are not what `encode` makes. */
  decode(bytes: Uint8Array): T;
}
