// A snapshot store shares its database with logs: what it must not take from them.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import { AsyncRocksdbStorage, RocksdbStorage, SnapshotStore, WriteBatch } from '../../../lib/index.js';
import { content, SNAPSHOTS } from '../../support/snapshots.js';
import { openAt, temporaryDatabase } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const MIB = 2 ** 20;
const piece = content(MIB);

function mebibytes(count: number): Uint8Array[] {
  return new Array(count).fill(piece);
}

function walBytes(path: string): number {
  const files = readdirSync(path).filter((name) => name.endsWith('.log'));
  return files.reduce((sum, name) => sum + (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

describe('the WAL', () => {
  it.each<[string, number, (bytes: number) => boolean]>([
    ['stays near its cap, though an idle column family pins it', 4 * MIB, (bytes) => bytes < 16 * MIB],
    ['would hold all that was written, without one', 1024 * MIB, (bytes) => bytes > 48 * MIB],
  ])('%s', async (_, maxTotalWalSize, holds) => {
    const options = { columnFamilies: ['log', 'idle', SNAPSHOTS], maxTotalWalSize, recycleWalFiles: 0 };
    const db = await temporaryDatabase(options);
    await db.write(new WriteBatch().put(db.columnFamily('idle'), Buffer.from('once'), Buffer.from('written')));
    const store = await SnapshotStore.openIn(db, SNAPSHOTS);
    const log = await AsyncRocksdbStorage.openIn<string>(db, 'log');
    for (let i = 0; i < 3; i++) {
      await Promise.all([store.put('a', i, mebibytes(16)), log.appendEntries(new Array(1000).fill('entry'))]);
    }
    // RocksDB removes files in the background, after the flush that was their end.
    for (let tries = 0; !holds(walBytes(db.path)) && tries < 100; tries++) await sleep(20);
    expect(holds(walBytes(db.path))).toBe(true);
  });
});

describe('the bounds of a log', () => {
  it('are what its own calls have made them, whatever becomes of the snapshots beside it', async () => {
    const path = join(temporaryFolder(), 'db');
    let db = await openAt(path, { columnFamilies: ['log', SNAPSHOTS] });
    const log = RocksdbStorage.openIn<number>(db, 'log');
    log.appendEntries([0, 1, 2, 3, 4, 5]);
    log.setDecidedIdx(2);
    log.compact(2);
    const store = await SnapshotStore.openIn(db, SNAPSHOTS);
    const bounds = log.getBounds();
    for (let i = 0; i < 5; i++) {
      await store.put(`${i % 2}`, 1000 + i, mebibytes(9));
      expect(log.getBounds()).toEqual(bounds);
    }
    await store.delete('0');
    await store.prune({ keep: 0 });
    expect(log.getBounds()).toEqual({ first: 2, next: 6 });
    await db.close();
    db = await openAt(path);
    const reopened = RocksdbStorage.openIn<number>(db, 'log');
    expect([reopened.getBounds(), reopened.getSuffix(0)]).toEqual([bounds, [2, 3, 4, 5]]);
  });
});

describe('the space of replaced snapshots', () => {
  const SIZE_MIB = 40;

  it('comes back by itself', async () => {
    const db = await temporaryDatabase({ columnFamilies: [SNAPSHOTS] });
    const store = await SnapshotStore.openIn(db, SNAPSHOTS);
    const bytes = () => Number(db.property('rocksdb.live-sst-files-size', db.columnFamily(SNAPSHOTS)));
    for (let i = 0; i < 4; i++) await store.put('a', i, mebibytes(SIZE_MIB));
    // The one that is alive, and as much of the dead as is left to RocksDB.
    const most = (SIZE_MIB + 33) * MIB;
    for (let tries = 0; bytes() > most && tries < 500; tries++) await sleep(20);
    expect(bytes()).toBeLessThanOrEqual(most);
    expect((await store.get('a'))?.length).toBe(SIZE_MIB * MIB);
  });

  it('comes back after a reopen too, where a kill has come before', async () => {
    const path = join(temporaryFolder(), 'db');
    let db = await openAt(path, { columnFamilies: [SNAPSHOTS] });
    let family = db.columnFamily(SNAPSHOTS);
    let store = await SnapshotStore.openIn(db, SNAPSHOTS);
    for (const name of ['a', 'b', 'c']) await store.put(name, 1, mebibytes(SIZE_MIB));
    await db.flush();
    await db.close();
    // What a killed process leaves: manifests that are gone, chunks that are not.
    db = await openAt(path);
    family = db.columnFamily(SNAPSHOTS);
    await db.write(new WriteBatch().delete(family, Buffer.from('S/a')).delete(family, Buffer.from('S/b')));
    await db.close();
    db = await openAt(path);
    family = db.columnFamily(SNAPSHOTS);
    store = await SnapshotStore.openIn(db, SNAPSHOTS);
    const bytes = () => Number(db.property('rocksdb.live-sst-files-size', family));
    const most = (SIZE_MIB + 33) * MIB;
    for (let tries = 0; bytes() > most && tries < 500; tries++) await sleep(20);
    expect(bytes()).toBeLessThanOrEqual(most);
    expect((await store.get('c'))?.length).toBe(SIZE_MIB * MIB);
  });
});

describe('the space of a trimmed log', () => {
  it('comes back by itself, though the log rests', async () => {
    const db = await temporaryDatabase({ columnFamilies: ['log', SNAPSHOTS] });
    const log = RocksdbStorage.openIn<Uint8Array>(db, 'log', { entryCodec: rawCodec });
    const store = await SnapshotStore.openIn(db, SNAPSHOTS);
    const bytes = () => Number(db.property('rocksdb.live-sst-files-size', db.columnFamily('log')));
    for (let i = 0; i < 60; i++) log.appendEntries(new Array(64).fill(piece.subarray(0, MIB / 64)));
    await db.flush();
    expect(bytes()).toBeGreaterThan(60 * MIB);
    log.setDecidedIdx(log.getBounds().next);
    await store.compactTo(log, 's', log.getBounds().next - 64, content(10));
    for (let tries = 0; bytes() > 2 * MIB && tries < 500; tries++) await sleep(20);
    expect(bytes()).toBeLessThanOrEqual(2 * MIB);
    expect(log.getSuffix(0)).toHaveLength(64);
  });

  it.each([
    ['RocksdbStorage', RocksdbStorage],
    ['AsyncRocksdbStorage', AsyncRocksdbStorage],
  ])('comes back once a later process opens it with %s', async (_, storage) => {
    const columnFamilies = ['log'];
    const db = await temporaryDatabase({ columnFamilies });
    const log = RocksdbStorage.openIn<Uint8Array>(db, 'log', { entryCodec: rawCodec });
    for (let i = 0; i < 60; i++) log.appendEntries(new Array(64).fill(piece.subarray(0, MIB / 64)));
    await db.flush();
    log.trim(log.getBounds().next - 64);
    await db.close();

    const later = await openAt(db.path, { columnFamilies });
    const bytes = () => Number(later.property('rocksdb.live-sst-files-size', later.columnFamily('log')));
    expect(bytes()).toBeGreaterThan(59 * MIB);
    const reopened = await storage.openIn<Uint8Array>(later, 'log', { entryCodec: rawCodec });
    await until(() => bytes() <= 2 * MIB);
    expect(await reopened.getSuffix(0)).toHaveLength(64);
  });
});
