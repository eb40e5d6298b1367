// Values as they lie on disk: a schema version and a codec's bytes, or eight bytes of an index. What is read is checked;
// nothing that does not fit is guessed at or passed over.

import { isGone } from '../../binding/arguments.js';
import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { readU64, showKey, writeU64 } from './keys.js';
import { decoderOfOwn } from './msgpack-codec.js';

export const SCHEMA_VERSION = 1;
/** Of the version, before the codec's bytes. */
export const VERSION_BYTES = 1;
/** What every value but an index begins with. */
export const VERSION = Buffer.of(SCHEMA_VERSION);

/** @throws StorageError CODEC, with `what` in the message */
export function encodeBytes<V>(codec: Codec<V>, value: V, what: () => string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = codec.encode(value);
  } catch (error) {
    throw cannotEncode(what(), error);
  }
  if (!(bytes instanceof Uint8Array)) throw new StorageError('CODEC', `${what()}: its codec did not give a Uint8Array`);
  if (isGone(bytes))
    throw new StorageError('CODEC', `${what()} cannot be encoded: the buffer of its bytes is detached`);
  return bytes;
}

export function cannotEncode(what: string, cause: unknown): StorageError {
  return new StorageError('CODEC', `${what} cannot be encoded: ${messageOf(cause)}`, { cause });
}

/** The value as it lies on disk. Throws like {@link encodeBytes}. */
export function encodeValue<V>(codec: Codec<V>, value: V, what: () => string): Buffer {
  return framed(encodeBytes(codec, value, what));
}

/** `bytes` behind the schema version. */
export function framed(bytes: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(bytes.byteLength + 1);
  value[0] = SCHEMA_VERSION;
  value.set(bytes, 1);
  return value;
}

/**
 * The value that lies in `[start, end)` of `bytes`.
 * @throws StorageError CODEC, with the key in the message
 */
export function decodeValue<V>(codec: Codec<V>, bytes: Buffer, start: number, end: number, key: () => Uint8Array): V {
  checkVersion(bytes, start, end, key);
  return decoded(() => decoderOfOwn(codec)(bytes.subarray(start + VERSION_BYTES, end)), key);
}

/**
 * What `decode` gives.
 * @throws StorageError CODEC, with the key in the message
 */
export function decoded<V>(decode: () => V, key: () => Uint8Array): V {
  let value: V;
  try {
    value = decode();
  } catch (error) {
    throw new StorageError('CODEC', `the value at ${showKey(key())} cannot be decoded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (value === undefined) throw new StorageError('CODEC', `the value at ${showKey(key())} decodes to undefined`);
  return value;
}

/**
 * That the value in `[start, end)` of `bytes` is of the version that this release reads.
 * @throws StorageError CODEC, with the key in the message
 */
export function checkVersion(bytes: Buffer, start: number, end: number, key: () => Uint8Array): void {
  if (start !== end && bytes[start] === SCHEMA_VERSION) return;
  const found = start === end ? 'it is empty' : `it has schema version ${bytes[start]}`;
  throw new StorageError(
    'CODEC',
    `the value at ${showKey(key())} cannot be read: ${found}, this release reads ${SCHEMA_VERSION}`,
  );
}

export function encodeIndex(idx: LogIndex): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeU64(bytes, 0, idx);
  return bytes;
}

/** @throws StorageError META, with the key in the message */
export function decodeIndex(key: Uint8Array, stored: Buffer): LogIndex {
  if (stored.length !== 8) {
    throw new StorageError('META', `the value at ${showKey(key)} has ${stored.length} bytes; a u64 has 8`);
  }
  const idx = readU64(stored, 0);
  if (!Number.isSafeInteger(idx)) {
    throw new StorageError(
      'META',
      `the value at ${showKey(key)} is ${stored.readBigUInt64BE()}; an index is below 2^53`,
    );
  }
  return idx;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
