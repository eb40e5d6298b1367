// The records of a snapshot store as they lie on disk. What is read is checked, as in values.ts.

import { crc32c } from '../../binding/crc32c.js';
import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { fieldsCodec } from './fields-codec.js';
import { showKey } from './keys.js';
import { MAX_CHUNKS } from './snapshot-keys.js';
import { SCHEMA_VERSION } from './values.js';

/** What makes a snapshot visible. Written once all of its chunks are. */
export interface Manifest {
  /** The id of its chunks. */
  id: number;
  index: LogIndex;
  byteLength: number;
  /** Bytes of each chunk but the last. */
  chunkBytes: number;
  /** Milliseconds since 1970; before that, negative: see {@link toCreationTime}. */
  createdAt: number;
  /** CRC-32C of all its bytes. */
  checksum: number;
}

/** [id, index, byteLength, chunkBytes, createdAt, checksum] */
const manifestCodec: Codec<Manifest> = fieldsCodec(
  ({ id, index, byteLength, chunkBytes, createdAt, checksum }) => [
    id,
    index,
    byteLength,
    chunkBytes,
    createdAt,
    checksum,
  ],
  (fields) => {
    const [id, index, byteLength, chunkBytes, createdAt, checksum] = fields as Six;
    for (const field of [id, index, byteLength, chunkBytes, checksum]) {
      if (!Number.isSafeInteger(field) || field < 0) throw new TypeError('a field is not an integer ≥ 0');
    }
    const manifest = { id, index, byteLength, chunkBytes, createdAt, checksum };
    if (chunkBytes === 0 || chunkCount(manifest) > MAX_CHUNKS) throw new TypeError(`chunks of ${chunkBytes} bytes`);
    if (toCreationTime(createdAt) !== createdAt) throw new TypeError(`${createdAt} is no date`);
    return manifest;
  },
  6,
);

type Six = [number, number, number, number, number, number];

/**
 * A manifest's `createdAt` for what a clock shows: that, in whole milliseconds, also before 1970. What is no date for
 * ECMAScript becomes 0: a broken clock must not make a snapshot that cannot be read.
 */
export function toCreationTime(milliseconds: number): number {
  const time = new Date(milliseconds).getTime();
  return Number.isNaN(time) ? 0 : time;
}

export function chunkCount({ byteLength, chunkBytes }: Manifest): number {
  return Math.ceil(byteLength / chunkBytes);
}

export function encodeManifest(key: Buffer, manifest: Manifest): Buffer {
  const record = Buffer.concat([Buffer.alloc(HEADER_BYTES), manifestCodec.encode(manifest)]);
  seal(key, record);
  return record;
}

/** @throws StorageError CODEC, with the key in the message */
export function decodeManifest(key: Buffer, value: Buffer): Manifest {
  try {
    return manifestCodec.decode(unseal(key, value));
  } catch (error) {
    const message = `the manifest at ${showKey(key)} cannot be read: ${(error as Error).message}`;
    throw new StorageError('CODEC', `${message}; put the snapshot anew, or delete it`, { cause: error });
  }
}

/** What lies before the bytes of a record: the version byte and a checksum of the key and the bytes. */
export const HEADER_BYTES = 5;

/** Completes the record whose bytes lie in `record` behind the header. */
export function seal(key: Buffer, record: Buffer): void {
  record[0] = SCHEMA_VERSION;
  record.writeUInt32BE(checksumOf(key, record.subarray(HEADER_BYTES)), 1);
}

/**
 * The bytes of the record stored at `key`, a view. The key is in the checksum: one record never passes for another.
 * @throws StorageError CODEC
 */
export function unseal(key: Buffer, value: Buffer): Buffer {
  if (value[0] !== SCHEMA_VERSION || value.length <= HEADER_BYTES) {
    const found = value.length <= HEADER_BYTES ? `${value.length} bytes` : `schema version ${value[0]}`;
    throw new StorageError('CODEC', `it has ${found}; this release reads schema version ${SCHEMA_VERSION}`);
  }
  const bytes = value.subarray(HEADER_BYTES);
  if (value.readUInt32BE(1) !== checksumOf(key, bytes)) throw new StorageError('CODEC', 'its checksum does not match');
  return bytes;
}

function checksumOf(key: Buffer, bytes: Buffer): number {
  return crc32c(bytes, crc32c(key));
}
