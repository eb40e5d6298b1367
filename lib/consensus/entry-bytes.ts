// Values of the caller's to the bytes that replicas exchange, and back, by his codecs.

import { types } from 'node:util';
import type { Codec } from '../contract/codec.js';
import { isMsgpackCodec } from '../format/msgpack-codec.js';
import { isRawCodec } from '../format/raw-codec.js';
import { ConsensusError, messageOf } from './consensus-error.js';

/** What one message can carry with room to spare; the storage takes no more at once either. */
export const MAX_BYTES = 2 ** 31 - 2 ** 16;

/**
 * A copy of what `codec` makes of `value`, which it can read again.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function toBytes<V>(argument: string, value: V, codec: Codec<V>): Buffer {
  if (value === undefined) throw isUndefined(argument);
  try {
    const bytes = Buffer.from(encoded(value, codec));
    fromBytes(bytes, codec);
    return bytes;
  } catch (error) {
    throw cannotEncode(argument, error);
  }
}

/**
 * What `codec` makes of `entry`, which it can read again. To be copied before the codec is used again.
 * @throws ConsensusError INVALID_ARGUMENT
 */
export function encodeEntry<T>(entry: T, codec: Codec<T>, argument = 'entry'): Uint8Array {
  if (!isOwn(codec)) return toBytes(argument, entry, codec);
  if (entry === undefined) throw isUndefined(argument);
  try {
    return encoded(entry, codec);
  } catch (error) {
    throw cannotEncode(argument, error);
  }
}

/** Ours can read all that they write, and what they give is the reader's own. Of another's we must see it. */
export function isOwn(codec: { encode: unknown; decode: unknown }): boolean {
  return isRawCodec(codec) || isMsgpackCodec(codec);
}

function encoded<V>(value: V, codec: Codec<V>): Uint8Array {
  const bytes = codec.encode(value);
  if (!types.isUint8Array(bytes)) throw new TypeError('its codec did not give a Uint8Array');
  if (bytes.length > MAX_BYTES) throw new RangeError(`it has ${bytes.length} bytes, more than ${MAX_BYTES}`);
  return bytes;
}

function isUndefined(argument: string): ConsensusError {
  return new ConsensusError('INVALID_ARGUMENT', `${argument} must be a value, not undefined`);
}

function cannotEncode(argument: string, cause: unknown): ConsensusError {
  return new ConsensusError('INVALID_ARGUMENT', `${argument} cannot be encoded: ${messageOf(cause)}`, { cause });
}

/** @throws what the codec throws, or a TypeError where it gives undefined */
export function fromBytes<V>(bytes: Uint8Array, codec: Codec<V>): V {
  const value = codec.decode(bytes);
  if (value === undefined) throw new TypeError('it decodes to undefined');
  return value;
}
