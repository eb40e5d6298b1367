// What a snapshot that is being written or read takes: memory, the disk's time, files. It gives each back, and takes no more
// than it says.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import { chunkKey, chunksOf } from '../../../lib/format/snapshot-keys.js';
import { type Row, WriteBatch } from '../../../lib/index.js';
import { Pace } from '../../../lib/snapshots/pace.js';
import { failureOf } from '../../support/failures.js';
import {
  CHUNK_BYTES,
  chunkKeys,
  content,
  newStore,
  type OpenStore,
  slowSource,
  storeOn,
} from '../../support/snapshots.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';

const MIB = 2 ** 20;

let opened: OpenStore;
beforeEach(async () => {
  opened = await newStore();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 500; tries++) await pause(10);
  expect(holds()).toBe(true);
}

/** In few chunks, where the small ones of the tests would take long. */
const large = (mebibytes: number) => new Array<Uint8Array>(mebibytes).fill(content(MIB));

describe('a snapshot that is being written', () => {
  it('waits for its turn before each chunk', async () => {
    const turns: number[] = [];
    jest.spyOn(Pace.prototype, 'turn').mockImplementation(async () => {
      turns.push((await chunkKeys(opened)).length);
    });
    await opened.store.put('a', 1, content(4 * CHUNK_BYTES + 1));
    expect(turns).toEqual([0, 1, 2, 3, 4]);
  });

  it('fails with what its turn fails with, and leaves nothing', async () => {
    const cause = new Error('the turn is broken');
    jest.spyOn(Pace.prototype, 'turn').mockRejectedValueOnce(cause);
    await expect(opened.store.put('a', 1, content(10))).rejects.toBe(cause);
    expect(await chunkKeys(opened)).toEqual([]);
  });

  it('fills no memtable beyond 8 MiB, whatever that of the column family may hold', async () => {
    const { db, family, store } = opened;
    let most = 0;
    async function* source() {
      for (const piece of large(24)) {
        yield piece;
        most = Math.max(most, Number(db.property('rocksdb.cur-size-active-mem-table', family)));
      }
    }
    await store.put('a', 1, source());
    expect(most).toBeGreaterThan(2 * MIB);
    expect(most).toBeLessThan(12 * MIB);
  });

  it('limits the disk no longer once the last put has settled, one that fails too', async () => {
    const end = jest.spyOn(Pace.prototype, 'end');
    const { source, begun, goOn } = slowSource(content(3000));
    const slow = opened.store.put('a', 1, source);
    await begun;
    await opened.store.put('b', 2, content(10));
    await failureOf(() => opened.store.put('c', 3, ['no bytes'] as never));
    expect(end).not.toHaveBeenCalled();
    goOn();
    await slow;
    expect(end).toHaveBeenCalledTimes(1);
    await failureOf(() => opened.store.put('c', 3, ['no bytes'] as never));
    expect(end).toHaveBeenCalledTimes(2);
  });

  it('is not rewritten where the space of others is given back', async () => {
    const reclaimSpace = jest.spyOn(DatabaseCore.prototype, 'reclaimSpace');
    const { source, begun, goOn } = slowSource(content(3000));
    const slow = opened.store.put('slow', 1, source); // the first id
    await begun;
    for (let i = 0; i < 2; i++) await opened.store.put('a', i, large(40));
    await until(() => reclaimSpace.mock.calls.length > 0);
    for (const [, range] of reclaimSpace.mock.calls) {
      expect(Buffer.compare(range.gte, chunkKey(2, 0))).toBeGreaterThanOrEqual(0);
    }
    goOn();
    await slow;
  });
});

describe('the space of the latest snapshot', () => {
  it('is given back also where it was removed before the store was opened', async () => {
    await opened.store.put('a', 1, content(10));
    await opened.store.put('b', 2, large(40));
    // As a process leaves it that ends right after it has removed the snapshot.
    const reclaimSpace = jest.spyOn(DatabaseCore.prototype, 'reclaimSpace').mockResolvedValue(undefined);
    await opened.store.delete('b');
    await opened.db.close();
    reclaimSpace.mockRestore();
    const { db, family } = await storeOn(await openAt(opened.db.path));
    await until(() => Number(db.property('rocksdb.live-sst-files-size', family)) < 8 * MIB);
  });
});

describe('get', () => {
  it('lets go of the files that it reads also where a chunk is damaged', async () => {
    const { db, family, store } = opened;
    // More than one piece of an iterator, 256 KiB: it has not come to its end.
    await store.put('a', 1, content(2_000_000));
    const [{ key }] = (await db.scan(family, { ...chunksOf(1), limit: 1 })) as [Row];
    db.writeSync(new WriteBatch().put(family, key, Buffer.of(1)));
    await db.flush();
    await expectStorageError(() => store.get('a'), 'CODEC', 'chunk 0');
    await store.delete('a');
    await db.flush();
    await db.compactRange(family);
    await until(() => db.property('rocksdb.total-sst-files-size', family) === '0');
  });
});
