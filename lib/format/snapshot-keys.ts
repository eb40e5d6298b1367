// Where each record of a snapshot store lies in its column family.
//
//   | key                                    | record                   | value                                          |
//   |----------------------------------------|--------------------------|------------------------------------------------|
//   | "C/" + id, u64 BE + number, u32 BE     | a chunk of a snapshot    | version byte, CRC-32C as u32 BE, the bytes     |
//   | "I/" + name, UTF-8                     | a manifest announced     | as of a manifest                               |
//   | "S/" + name, UTF-8                     | a snapshot's manifest    | version byte, CRC-32C as u32 BE, MessagePack   |
//
// An id is given to each snapshot when it is begun, and is never used twice while a database is open. Chunks whose id no
// manifest names are not part of a snapshot: it is still being written, or was never finished. An announced manifest is of a
// snapshot that is coming in: its first chunks may be there, and are gone on with by a later process.

import { StorageError } from '../contract/storage-error.js';
import { readU64, showKey, writeU64 } from './keys.js';

const PREFIX_BYTES = 2;
const ID_END = PREFIX_BYTES + 8;
export const CHUNK_KEY_BYTES = ID_END + 4;
export const MAX_CHUNKS = 2 ** 32;
export const MAX_NAME_BYTES = 255;

/** Bounds of everything that starts with "C/", with "I/", and with "S/": `[start, end)`. */
export const CHUNKS = { gte: Buffer.from('C/'), lt: Buffer.from('C0') };
export const ANNOUNCED = { gte: Buffer.from('I/'), lt: Buffer.from('I0') };
export const MANIFESTS = { gte: Buffer.from('S/'), lt: Buffer.from('S0') };

/** The ranges of keys that no snapshot store writes: records there are somebody else's. */
export const FOREIGN_TO_SNAPSHOTS = [
  { lt: CHUNKS.gte },
  { gte: CHUNKS.lt, lt: ANNOUNCED.gte },
  { gte: ANNOUNCED.lt, lt: MANIFESTS.gte },
  { gte: MANIFESTS.lt },
];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The key of chunk `number`, from 0 on, of the snapshot `id`. */
export function chunkKey(id: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(CHUNK_KEY_BYTES);
  key.write('C/', 'latin1');
  writeU64(key, PREFIX_BYTES, id);
  key.writeUInt32BE(number, ID_END);
  return key;
}

/** Bounds of the chunks of one id, and of no other. */
export function chunksOf(id: number): { gte: Buffer; lt: Buffer } {
  return { gte: chunkKey(id, 0), lt: chunkKey(id + 1, 0) };
}

/** @throws StorageError META where `key` is no chunk's */
export function parseChunkKey(key: Buffer): { id: number; number: number } {
  const id = key.length === CHUNK_KEY_BYTES ? readU64(key, PREFIX_BYTES) : Number.NaN;
  if (!Number.isSafeInteger(id)) {
    throw new StorageError('META', `malformed key ${showKey(key)}: "C/", a u64 below 2^53 and a u32 were expected`);
  }
  return { id, number: key.readUInt32BE(ID_END) };
}

/** The key of the manifest of the snapshot of this name, which is 1 to {@link MAX_NAME_BYTES} bytes long. */
export function manifestKey(name: string): Buffer {
  return Buffer.concat([MANIFESTS.gte, Buffer.from(name)]);
}

/** The key of the manifest that was announced of a snapshot of this name, which is coming in. */
export function announcedKey(name: string): Buffer {
  return Buffer.concat([ANNOUNCED.gte, Buffer.from(name)]);
}

/**
 * The name of the snapshot.
 * @throws StorageError META where `key` is no manifest's
 */
export function parseManifestKey(key: Buffer): string {
  const bytes = key.subarray(PREFIX_BYTES);
  try {
    if (bytes.length > 0 && bytes.length <= MAX_NAME_BYTES) return utf8.decode(bytes);
  } catch {
    // not UTF-8: refused below
  }
  throw new StorageError(
    'META',
    `malformed key ${showKey(key)}: "S/" and a name of at most ${MAX_NAME_BYTES} bytes of UTF-8 were expected`,
  );
}
