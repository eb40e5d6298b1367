/**
 * Values to bytes and back. `encode` may hand out memory that it uses again; `decode` gets memory that is used again,
 * and must copy what it keeps.
 */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}
