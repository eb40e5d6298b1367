// What comes from elsewhere is whole in the end, however often its source or the process ends meanwhile, and comes once.

import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '../../../binding/crc32c.js';
import { WriteBatch } from '../../../binding/index.js';
import type { PackedBatch } from '../../../binding/packed-batch.js';
import { AsyncRocksdbStorage } from '../../../lib/index.js';
import { accessOf } from '../../../lib/log/storage-methods.js';
import { incoming } from '../../../lib/snapshots/snapshot-store.js';
import {
  CHUNK_BYTES,
  chunkKeys,
  content,
  newStore,
  type OpenStore,
  SNAPSHOTS,
  storeOn,
} from '../../support/snapshots.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const identityOf = (bytes: Buffer, index = 7) => ({ index, byteLength: bytes.length, checksum: crc32c(bytes) });

/** In pieces of `pieceBytes`; throws before the one that would pass `end`. */
async function* pieces(bytes: Buffer, offset: number, pieceBytes: number, end = bytes.length) {
  for (let at = offset; at < bytes.length; at += pieceBytes) {
    if (at + pieceBytes > end && end < bytes.length) throw new Error('cut');
    yield bytes.subarray(at, at + pieceBytes);
  }
}

async function makeVisible({ db }: OpenStore, records: PackedBatch): Promise<void> {
  const log = await AsyncRocksdbStorage.openIn(db, 'log');
  await accessOf(log).write(
    () => [],
    () => {},
    { alongside: records, sync: true },
  );
  await log.close();
}

/** The first `bytes` of it have come. */
async function begin({ store }: OpenStore, bytes: Buffer, until: number): Promise<void> {
  const taken = incoming(store, 'a').take(identityOf(bytes), (offset) => pieces(bytes, offset, 100, until));
  await expect(taken).rejects.toThrow('cut');
}

describe('a snapshot that comes in', () => {
  it('is whole in the end, whatever ends or is damaged meanwhile, and what was stored does not come again', async () => {
    const cut = fc.record({
      after: fc.nat(3 * CHUNK_BYTES),
      reopens: fc.boolean(),
      damaged: fc.option(fc.nat(8), { freq: 4, nil: undefined }),
    });
    const run = fc.asyncProperty(
      fc.nat(9 * CHUNK_BYTES),
      fc.integer({ min: 1, max: 2500 }),
      fc.array(cut, { maxLength: 4 }),
      async (length, pieceBytes, cuts) => {
        const bytes = content(length, 3);
        const path = join(temporaryFolder(), 'db');
        let opened = await storeOn(await openAt(path, { columnFamilies: ['log', SNAPSHOTS] }));
        await opened.store.put('a', 3, content(1500, 2));
        /** Chunks that must be there. */
        let whole = 0;
        for (const { after, reopens, damaged } of cuts) {
          const coming = incoming(opened.store, 'a').take(identityOf(bytes), (offset) => {
            expect(offset).toBe(whole * CHUNK_BYTES);
            const end = Math.min(offset + after, length - 1);
            whole = Math.floor((offset + Math.floor((end - offset) / pieceBytes) * pieceBytes) / CHUNK_BYTES);
            return pieces(bytes, offset, pieceBytes, end);
          });
          await coming.catch((error) => expect(error).toMatchObject({ message: 'cut' }));
          expect((await opened.store.list()).map(({ index }) => index)).toEqual([3]);
          if (damaged !== undefined && damaged < whole) {
            await damage(opened, damaged);
            whole = damaged;
          }
          if (reopens) {
            await opened.db.close();
            opened = await storeOn(await openAt(path));
          }
        }
        const records = await incoming(opened.store, 'a').take(identityOf(bytes), (offset) => {
          expect(offset).toBe(whole * CHUNK_BYTES);
          return pieces(bytes, offset, pieceBytes);
        });
        expect(await opened.store.get('a')).toEqual(content(1500, 2));
        await makeVisible(opened, records);
        expect(await opened.store.get('a')).toEqual(bytes);
        expect((await opened.store.list()).map(({ index }) => index)).toEqual([7]);
        expect(await chunkKeys(opened)).toHaveLength(Math.ceil(length / CHUNK_BYTES));
        expect(await incoming(opened.store, 'a').begun()).toBeUndefined();
        await opened.db.close();
      },
    );
    await fc.assert(run, { numRuns: 20 });
  });

  it('gives way to another one, of which not one byte is mixed with it', async () => {
    const opened = await newStore();
    await begin(opened, content(5000), 4000);
    expect(await chunkKeys(opened)).toHaveLength(4);
    const other = content(5000, 2);
    const records = await incoming(opened.store, 'a').take(identityOf(other), (offset) => {
      expect(offset).toBe(0);
      return other;
    });
    await makeVisible(opened, records);
    expect(await opened.store.get('a')).toEqual(other);
    expect(await chunkKeys(opened)).toHaveLength(5);
  });

  it.each([
    ['other bytes', content(5000, 2)],
    ['fewer bytes', content(4999)],
    ['more bytes', content(5001)],
  ])('is refused where it has %s than were announced, and nothing of it is kept', async (_, bytes) => {
    const opened = await newStore();
    await expectStorageError(() => incoming(opened.store, 'a').take(identityOf(content(5000)), () => bytes), 'CODEC');
    expect([await chunkKeys(opened), await incoming(opened.store, 'a').begun()]).toEqual([[], undefined]);
  });

  it('can be done away with', async () => {
    const opened = await newStore();
    await begin(opened, content(5000), 4000);
    expect(await incoming(opened.store, 'a').begun()).toMatchObject(identityOf(content(5000)));
    await incoming(opened.store, 'a').discard();
    expect([await chunkKeys(opened), await incoming(opened.store, 'a').begun()]).toEqual([[], undefined]);
  });

  it('stays while others are put and removed, and their space is reclaimed', async () => {
    const opened = await newStore();
    await begin(opened, content(5000), 4000);
    for (let i = 0; i < 3; i++) await opened.store.put('b', i, content(300_000, i));
    await opened.store.delete('b');
    const records = await incoming(opened.store, 'a').take(identityOf(content(5000)), (offset) => {
      expect(offset).toBe(4000);
      return content(5000).subarray(offset);
    });
    await makeVisible(opened, records);
    expect(await opened.store.get('a')).toEqual(content(5000));
  });
});

/** One byte of chunk `number` of what is coming in, which lies behind the snapshot that is there. */
async function damage({ db, family }: OpenStore, number: number): Promise<void> {
  const rows = await db.scan(family, { gte: Buffer.from('C/'), lt: Buffer.from('C0') });
  const { key, value } = rows[2 + number] as { key: Buffer; value: Buffer };
  value[value.length - 1] = ~(value.at(-1) as number) & 255;
  await db.write(new WriteBatch().put(family, key, value));
}
