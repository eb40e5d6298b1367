// The records of a snapshot store as they lie on disk. What is read is checked, as in values.ts.

import { crc32c } from '../binding/crc32c.js';
import type { Codec } from './codec.js';
import { MAX_CHUNKS } from './snapshot-key-space.js';
import type { LogIndex } from './storage.js';
import { StorageError } from './storage-error.js';
import { SCHEMA_VERSION, shaped } from './values.js';

/** What makes a snapshot visible. Written once all of its chunks are. */
export interface Manifest {
  /** Of its chunks. */
  id: number;
  index: LogIndex;
  byteLength: number;
  /** Bytes of each chunk but the last. */
  chunkBytes: number;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** CRC-32C of all its bytes. */
  checksum: number;
}

/** A manifest as [id, index, byteLength, chunkBytes, createdAt, checksum]. */
export const manifestCodec: Codec<Manifest> = shaped(
  ({ id, index, byteLength, chunkBytes, createdAt, checksum }) => [
    id,
    index,
    byteLength,
    chunkBytes,
    createdAt,
    checksum,
  ],
  (fields) => {
    for (const field of fields) {
      if (!Number.isSafeInteger(field) || (field as number) < 0) throw new TypeError('a field is not an integer ≥ 0');
    }
    const [id, index, byteLength, chunkBytes, createdAt, checksum] = fields as Six;
    const manifest = { id, index, byteLength, chunkBytes, createdAt, checksum };
    if (chunkBytes === 0 || chunkCount(manifest) > MAX_CHUNKS) throw new TypeError(`chunks of ${chunkBytes} bytes`);
    return manifest;
  },
  6,
);

type Six = [number, number, number, number, number, number];

export function chunkCount({ byteLength, chunkBytes }: Manifest): number {
  return Math.ceil(byteLength / chunkBytes);
}

/** What lies before the bytes of a chunk. */
export const CHUNK_HEADER_BYTES = 5;

/** Completes the chunk whose bytes lie in `frame` behind the header. */
export function sealChunk(key: Buffer, frame: Buffer): void {
  frame[0] = SCHEMA_VERSION;
  frame.writeUInt32BE(chunkChecksum(key, frame.subarray(CHUNK_HEADER_BYTES)), 1);
}

/**
 * The bytes of the chunk stored at `key`, a view. The key is in the checksum: one chunk never passes for another.
 * @throws StorageError CODEC
 */
export function openChunk(key: Buffer, value: Buffer): Buffer {
  if (value[0] !== SCHEMA_VERSION || value.length <= CHUNK_HEADER_BYTES) {
    const found = value.length <= CHUNK_HEADER_BYTES ? `${value.length} bytes` : `schema version ${value[0]}`;
    throw new StorageError('CODEC', `it has ${found}; this release reads schema version ${SCHEMA_VERSION}`);
  }
  const bytes = value.subarray(CHUNK_HEADER_BYTES);
  if (value.readUInt32BE(1) !== chunkChecksum(key, bytes))
    throw new StorageError('CODEC', 'its checksum does not match');
  return bytes;
}

function chunkChecksum(key: Buffer, bytes: Buffer): number {
  return crc32c(bytes, crc32c(key));
}
