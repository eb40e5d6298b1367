// What the contestants of this project share: the database, and its upkeep between turns.

import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { Database, type DatabaseOptions, type LogBounds, WriteBatch } from '../../lib/index.js';
import type { Hello, Sample } from './protocol.js';
import { rocksdbIdle } from './rocksdb-idle.js';

export const LOG = 'log';

const { version } = createRequire(import.meta.url)('omnipaxos-rocksdb/package.json') as { version: string };

export const ownHello: Hello = {
  version: `omnipaxos-rocksdb ${version}`,
  durability: 'every append (WriteOptions::sync)',
};

export function openLogDatabase(path: string, options: DatabaseOptions = {}): Promise<Database> {
  return Database.open(path, { columnFamilies: [LOG], ...options });
}

export async function withFsyncs(db: Database, measure: () => Sample | Promise<Sample>): Promise<Sample> {
  const before = fsyncs(db);
  const sample = await measure();
  return { ...sample, fsyncs: fsyncs(db) - before };
}

function fsyncs(db: Database): number {
  return Number(db.property('rocksdb.dbstats/db.wal_syncs'));
}

/** The part of a storage, blocking or not, that its upkeep needs. */
interface Log {
  getBounds(): LogBounds | Promise<LogBounds>;
  setDecidedIdx(idx: number): void | Promise<void>;
  compact(idx: number): void | Promise<void>;
}

/** Compacts the whole log away and waits until nothing runs in the background. */
export async function settleLog(db: Database, log: Log): Promise<void> {
  const { next } = await log.getBounds();
  await log.setDecidedIdx(next);
  await log.compact(next);
  await logIdle(db);
}

export async function logIdle(db: Database): Promise<void> {
  const family = db.columnFamily(LOG);
  await rocksdbIdle((name) => db.property(name, family));
}

/** No log has a record of this name. */
const FILL_KEY = Buffer.from('~fill');
/** Of one record of {@link fillWals}. */
const FILL_BYTES = 4 * 1024 * 1024;
/** As many as a memtable takes. */
const FILLS = 16;

/** Writes beside the log, and leaves nothing but longer WALs. */
export async function fillWals(db: Database): Promise<void> {
  const family = db.columnFamily(LOG);
  const value = randomFillSync(Buffer.allocUnsafeSlow(FILL_BYTES));
  for (let i = 0; i < FILLS; i++) await db.write(new WriteBatch().put(family, FILL_KEY, value), { sync: true });
  await db.write(new WriteBatch().delete(family, FILL_KEY));
}
