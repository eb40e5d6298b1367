// All that a database holds, read through the product's own doors: as lines of text, which are easy to compare and to show.

import { createHash } from 'node:crypto';
import {
  AsyncRocksdbStorage,
  type AsyncStorage,
  type Database,
  RocksdbStorage,
  SnapshotStore,
  type Storage,
} from '../../lib/index.js';

/** What a column family is used as. */
export type Use = 'log' | 'snapshots' | 'rows';
/** The column families of an image, by their names. */
export type Layout = Readonly<Record<string, Use>>;
/** By column family: a line for each thing that is in it. */
export type Content = Record<string, readonly string[]>;
/** By which of the storages a log is read. */
export type Reader = 'blocking' | 'async';

export const SNAPSHOT_CHUNK_BYTES = 2048;

/** What is in a column family. Throws what the product does. */
export function observe(db: Database, name: string, use: Use, reader: Reader): Promise<string[]> {
  if (use === 'log') return observeLog(db, name, reader);
  return use === 'snapshots' ? observeSnapshots(db, name) : observeRows(db, name, reader);
}

/** What is in all of them. */
export async function observeAll(db: Database, layout: Layout): Promise<Content> {
  const content: Content = {};
  for (const [name, use] of Object.entries(layout)) content[name] = await observe(db, name, use, 'blocking');
  return content;
}

type AnyStorage = Storage<string> | AsyncStorage<string>;

async function observeLog(db: Database, name: string, reader: Reader): Promise<string[]> {
  const log = reader === 'blocking' ? RocksdbStorage.openIn<string>(db, name) : await openAsync(db, name);
  try {
    return await linesOf(log);
  } finally {
    await log.close();
  }
}

function openAsync(db: Database, name: string): Promise<AsyncRocksdbStorage<string>> {
  return AsyncRocksdbStorage.openIn<string>(db, name);
}

async function linesOf(log: AnyStorage): Promise<string[]> {
  const { first, next } = await log.getBounds();
  const lines = [
    `bounds ${first} to ${next}`,
    `length ${await log.getLogLen()}`,
    `promise ${JSON.stringify(await log.getPromise())}`,
    `accepted round ${JSON.stringify(await log.getAcceptedRound())}`,
    `decided index ${await log.getDecidedIdx()}`,
    `compaction floor ${await log.getCompactedIdx()}`,
    `snapshot ${digest(JSON.stringify(await log.getSnapshot()) ?? '')}`,
    `stop-sign ${JSON.stringify(await log.getStopsign())}`,
    `entries in one read ${(await log.getEntries(first, next)).length}`,
  ];
  for await (const { index, entry } of log.entries(0)) lines.push(`entry ${index} ${digest(entry)}`);
  return lines;
}

async function observeSnapshots(db: Database, name: string): Promise<string[]> {
  const store = await SnapshotStore.openWithChunksOf(SNAPSHOT_CHUNK_BYTES, db, name);
  const lines: string[] = [];
  for (const { name: of, index, byteLength } of await store.list()) {
    lines.push(`snapshot ${of} of ${index}, ${byteLength} bytes ${digest((await store.get(of)) as Buffer)}`);
  }
  return lines;
}

async function observeRows(db: Database, name: string, reader: Reader): Promise<string[]> {
  const family = db.columnFamily(name);
  const rows = reader === 'blocking' ? db.scanSync(family) : await db.scan(family);
  const lines = rows.map(({ key, value }) => `row ${key.toString('hex')} ${digest(value)}`);
  for (const { key, value } of rows) {
    if (!(await db.get(family, key))?.equals(value)) lines.push(`get ${key.toString('hex')} gives something else`);
  }
  return lines;
}

function digest(content: string | Uint8Array): string {
  return createHash('sha1').update(content).digest('hex').slice(0, 12);
}
