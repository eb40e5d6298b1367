import type { ColumnFamily, Row, ScanRange } from '../../binding/index.js';
import { LOG_END, LOG_KEY_BYTES, LOG_START, META_KEYS } from '../format/log-keys.js';
import { ANNOUNCED, CHUNK_KEY_BYTES, CHUNKS, MANIFESTS } from '../format/snapshot-keys.js';
import { decodeManifest, unseal } from '../format/snapshot-records.js';
import { SCHEMA_VERSION } from '../format/values.js';
import { reported } from './reported.js';

/**
 * What the records in a column family are, which nobody has opened since the database was: those of a log, of a snapshot
 * store, or a caller's own. A caller's keys may look like a log's; so the first record of each kind is looked at as a whole.
 * It reads a record or two, and blocks for that.
 */
export function useOnDisk(family: ColumnFamily): 'a log' | 'a snapshot store' | undefined {
  const first = (range: ScanRange) => reported(() => family.database.scanSync(family, { ...range, limit: 1 }))[0];
  const isMeta = (key: Buffer) => reported(() => family.database.getSync(family, key)) !== undefined;
  if (isLogEntry(first({ gte: LOG_START, lt: LOG_END })) || Object.values(META_KEYS).some(isMeta)) return 'a log';
  const hasManifest = [MANIFESTS, ANNOUNCED].some((range) => isWhole(first(range), decodeManifest));
  if (hasManifest || isWhole(first(CHUNKS), unsealChunk)) return 'a snapshot store';
  return undefined;
}

function isLogEntry(row: Row | undefined): boolean {
  return row !== undefined && row.key.length === LOG_KEY_BYTES && row.value[0] === SCHEMA_VERSION;
}

function unsealChunk(key: Buffer, value: Buffer): void {
  if (key.length !== CHUNK_KEY_BYTES) throw new RangeError('no key of a chunk');
  unseal(key, value);
}

function isWhole(row: Row | undefined, read: (key: Buffer, value: Buffer) => unknown): boolean {
  if (row === undefined) return false;
  try {
    read(row.key, row.value);
    return true;
  } catch {
    return false;
  }
}
