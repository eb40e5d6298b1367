// Values of the caller's to the bytes that replicas exchange, and back, by his codecs.

import { types } from 'node:util';
import type { Codec } from '../contract/codec.js';
import { ConsensusError } from './consensus-error.js';

/** What one message can carry with room to spare; the storage takes no more at once either. */
export const MAX_BYTES = 2 ** 31 - 2 ** 16;

/**
 * A copy of what `codec` makes of `value`, which it can read again.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function toBytes<V>(argument: string, value: V, codec: Codec<V>): Buffer {
  if (value === undefined) throw new ConsensusError('INVALID_ARGUMENT', `${argument} must be a value, not undefined`);
  let bytes: Buffer;
  try {
    const encoded = codec.encode(value);
    if (!types.isUint8Array(encoded)) throw new TypeError('its codec did not give a Uint8Array');
    bytes = Buffer.from(encoded);
    if (bytes.length > MAX_BYTES) throw new RangeError(`it has ${bytes.length} bytes, more than ${MAX_BYTES}`);
    fromBytes(bytes, codec);
  } catch (error) {
    const message = `${argument} cannot be encoded: ${messageOf(error)}`;
    throw new ConsensusError('INVALID_ARGUMENT', message, { cause: error });
  }
  return bytes;
}

/** @throws what the codec throws, or a TypeError where it gives undefined */
export function fromBytes<V>(bytes: Uint8Array, codec: Codec<V>): V {
  const value = codec.decode(bytes);
  if (value === undefined) throw new TypeError('it decodes to undefined');
  return value;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
