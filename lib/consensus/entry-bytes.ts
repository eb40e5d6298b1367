// Values of the caller's to the bytes that replicas exchange, and back, by his codecs.

import { types } from 'node:util';
import type { Codec } from '../contract/codec.js';
import { isMsgpackCodec } from '../format/msgpack-codec.js';
import { isRawCodec } from '../format/raw-codec.js';
import { ConsensusError } from './consensus-error.js';

/** What one message can carry with room to spare; the storage takes no more at once either. */
export const MAX_BYTES = 2 ** 31 - 2 ** 16;

/**
 * A copy of what `codec` makes of `value`, which it can read again.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function toBytes<V>(argument: string, value: V, codec: Codec<V>): Buffer {
  return encodedBy(argument, value, () => {
    const bytes = Buffer.from(encoded(value, codec));
    fromBytes(bytes, codec);
    return bytes;
  });
}

/**
 * What `codec` makes of `entry`, which it can read again. To be copied before the codec is used again.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function encodeEntry<T>(entry: T, codec: Codec<T>): Uint8Array {
  // Ours can read all that they write; of another's we must see it.
  if (!isRawCodec(codec) && !isMsgpackCodec(codec)) return toBytes('entry', entry, codec);
  return encodedBy('entry', entry, () => encoded(entry, codec));
}

function encoded<V>(value: V, codec: Codec<V>): Uint8Array {
  const bytes = codec.encode(value);
  if (!types.isUint8Array(bytes)) throw new TypeError('its codec did not give a Uint8Array');
  if (bytes.length > MAX_BYTES) throw new RangeError(`it has ${bytes.length} bytes, more than ${MAX_BYTES}`);
  return bytes;
}

function encodedBy<B>(argument: string, value: unknown, encode: () => B): B {
  if (value === undefined) throw new ConsensusError('INVALID_ARGUMENT', `${argument} must be a value, not undefined`);
  try {
    return encode();
  } catch (error) {
    const message = `${argument} cannot be encoded: ${messageOf(error)}`;
    throw new ConsensusError('INVALID_ARGUMENT', message, { cause: error });
  }
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
