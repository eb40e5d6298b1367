/**
 * Turns values into bytes and back. What either method throws becomes the `cause` of a `StorageError` with the code `CODEC`.
 * `encode` must not write to the storage that it encodes for.
 */
export interface Codec<T> {
  /**
   * The bytes of a value. They may lie in memory that the codec uses again: they are copied before its next call. May throw
   * anything for a value that cannot be encoded; nothing is written then.
   */
  encode(value: T): Uint8Array;
  /**
   * The value of such bytes, never undefined. The bytes are gone after the call: copy what is to be kept. May throw anything
   * for bytes that it cannot read.
   */
  decode(bytes: Uint8Array): T;
}
