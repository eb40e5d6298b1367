// Bytes for a snapshot store to keep, and what becomes of them.

import type { ColumnFamily, Database, SnapshotInfo } from '../../lib/index.js';
import { SnapshotStore } from '../../lib/snapshots/snapshot-store.js';
import { temporaryDatabase } from './temporary-database.js';

/** The name of a snapshot store's column family where the database has no other. */
export const SNAPSHOTS = 'snapshots';
/** Small, so that a short snapshot has several. */
export const CHUNK_BYTES = 1000;

export interface OpenStore {
  db: Database;
  family: ColumnFamily;
  store: SnapshotStore;
}

/** A store of small chunks on a new database. */
export async function newStore(): Promise<OpenStore> {
  return storeOn(await temporaryDatabase({ columnFamilies: ['log', SNAPSHOTS] }));
}

export async function storeOn(db: Database): Promise<OpenStore> {
  const store = await SnapshotStore.openWithChunksOf(CHUNK_BYTES, db, SNAPSHOTS);
  return { db, family: db.columnFamily(SNAPSHOTS), store };
}

/** `length` bytes that differ from those of any other seed, and at every place. */
export function content(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, x = seed; i < length; i++) {
    x = (x * 1103515245 + 12345) % 2 ** 31;
    bytes[i] = x >> 16;
  }
  return bytes;
}

/** A source that waits, once its first piece is taken, until it may go on. */
export function slowSource(bytes: Buffer): {
  source: AsyncIterable<Uint8Array>;
  begun: Promise<void>;
  goOn: () => void;
} {
  let begin = () => {};
  let goOn = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* source() {
    yield bytes.subarray(0, CHUNK_BYTES + 1);
    begin();
    await gate;
    yield bytes.subarray(CHUNK_BYTES + 1);
  }
  return { source: source(), begun, goOn };
}

export function names(snapshots: readonly SnapshotInfo[]): string[] {
  return snapshots.map(({ name }) => name);
}

/** All that a stream gives. */
export async function drained(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Keys of all chunks that are stored, those of no snapshot too. */
export async function chunkKeys({ db, family }: Pick<OpenStore, 'db' | 'family'>): Promise<string[]> {
  const rows = await db.scan(family, { gte: Buffer.from('C/'), lt: Buffer.from('C0') });
  return rows.map(({ key }) => key.toString('latin1'));
}
