// Reading one snapshot, from the moment on when the reading begins.

import { StorageError } from '../contract/storage-error.js';
import type { Manifest } from '../format/snapshot-records.js';
import { ChunkReader } from './chunk-reader.js';
import type { SnapshotFamily } from './snapshot-family.js';

export interface Reading {
  manifest: Manifest;
  /** To be released. */
  chunks: ChunkReader;
}

/**
 * Fixes the moment from which the snapshot of this name is read; undefined where there is none. Begins with the chunk that
 * has the byte at `offset`.
 * @throws StorageError CODEC, COLUMN_FAMILY_NOT_FOUND, ROCKSDB; the reason of `signal`
 */
export async function beginReading(
  shared: SnapshotFamily,
  name: string,
  signal: AbortSignal | undefined,
  offset = 0,
): Promise<Reading | undefined> {
  for (;;) {
    refuseAborted(signal);
    const manifest = await shared.manifest(name);
    if (manifest === undefined) return undefined;
    const first = Math.floor(offset / manifest.chunkBytes);
    const chunks = await ChunkReader.begin(shared.family, name, manifest, first);
    const isStillThere = async () => (await shared.manifest(name))?.id === manifest.id;
    try {
      // Its chunks were there, then, when the reader fixed its moment.
      if (await isStillThere()) {
        refuseAborted(signal);
        return { manifest, chunks };
      }
    } catch (error) {
      await chunks.release();
      throw error;
    }
    await chunks.release();
  }
}

/**
 * All bytes of a snapshot. Releases what it was read from.
 * @throws StorageError INVALID_ARGUMENT where they do not fit into one Buffer, or what {@link ChunkReader.next} throws; the
 *   reason of `signal`
 */
export async function readWhole(
  { manifest, chunks }: Reading,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  try {
    const bytes = allocate(name, manifest.byteLength);
    let at = 0;
    for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) {
      refuseAborted(signal);
      at += chunk.copy(bytes, at);
    }
    return bytes;
  } finally {
    await chunks.release();
  }
}

function allocate(name: string, byteLength: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(byteLength);
  } catch (cause) {
    const message = `snapshot ${JSON.stringify(name)} has ${byteLength} bytes, too many for one Buffer; open it`;
    throw new StorageError('INVALID_ARGUMENT', message, { cause });
  }
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}
