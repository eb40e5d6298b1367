// What a column family is used for, told by its records, some of which may be damaged. A name helps only where they do not
// tell: those that the package gives by itself.

import { LOG_END, LOG_KEY_BYTES, LOG_START, META_KEYS } from '../format/log-keys.js';
import { ANNOUNCED, CHUNK_KEY_BYTES, CHUNKS, MANIFESTS } from '../format/snapshot-keys.js';
import { decodeManifest, unseal } from '../format/snapshot-records.js';
import { SCHEMA_VERSION } from '../format/values.js';
import { IDENTITIES } from '../replica/identity.js';
import type { FamilyRow, FamilyRows } from './family-rows.js';

export type Use = 'log' | 'snapshots' | 'identities' | 'other' | 'empty';

/** How many records of each kind are looked at. */
const ENOUGH = 1000;

/** @throws RocksError where it comes upon damage, unless `source` tolerates that */
export async function useByRecords(source: FamilyRows): Promise<Use> {
  const { name } = source.family;
  let looksLike: Use | undefined;
  let looked = 0;
  for await (const row of source.rows()) {
    if (name === IDENTITIES && isIdentity(source, row)) return 'identities';
    const use = useOf(row);
    if (use === 'certain log') return 'log';
    if (use === 'certain snapshots') return 'snapshots';
    looksLike ??= use;
    if (++looked === ENOUGH) break;
  }
  const byName = name === 'log' || name.startsWith('log.') ? 'log' : name === 'snapshots' ? 'snapshots' : undefined;
  if (looked === 0) return source.unreadable.length === 0 ? 'empty' : (byName ?? 'other');
  return byName !== undefined && looksLike === byName ? byName : 'other';
}

/** Of a replica of a group: where it cannot be read, there is the group's log. */
function isIdentity({ family }: FamilyRows, { key, value }: FamilyRow): boolean {
  const hasLog = family.database.columnFamilies.some((name) => name.startsWith(`log.${key}.`));
  return hasLog || value?.includes('"replicaId"') === true;
}

function useOf({ key, value }: FamilyRow): 'certain log' | 'certain snapshots' | 'log' | 'snapshots' | 'other' {
  const is = (range: { gte: Buffer; lt: Buffer }) => key.compare(range.gte) >= 0 && key.compare(range.lt) < 0;
  if (Object.values(META_KEYS).some((meta) => meta.equals(key))) return 'certain log';
  if (is({ gte: LOG_START, lt: LOG_END })) {
    return key.length === LOG_KEY_BYTES && value?.[0] === SCHEMA_VERSION ? 'certain log' : 'log';
  }
  if (!is(CHUNKS) && !is(MANIFESTS) && !is(ANNOUNCED)) return 'other';
  try {
    if (value === undefined) return 'snapshots';
    if (!is(CHUNKS)) decodeManifest(key, value);
    else if (key.length === CHUNK_KEY_BYTES) unseal(key, value);
    else return 'other';
    return 'certain snapshots';
  } catch {
    return 'snapshots';
  }
}
