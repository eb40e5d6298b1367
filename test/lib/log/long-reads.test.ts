// Reads of more than one page.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import { PackedRows } from '../../../binding/packed-rows.js';
import { Pages } from '../../../binding/pages.js';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import { AsyncRocksdbStorage, RocksdbStorage } from '../../../lib/index.js';
import { PAGE_BYTES } from '../../../lib/log/readings.js';
import { newColumnFamily } from '../../support/shared-database.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** With the key of 10 bytes and the version byte, a row of 512: so many of them fill pages to the byte. */
const ROW = 512;
const entry = Buffer.alloc(ROW - 11, 1);
const ROWS_A_PAGE = PAGE_BYTES / ROW;

describe.each([
  ['RocksdbStorage', RocksdbStorage.openIn<Uint8Array>],
  ['AsyncRocksdbStorage', AsyncRocksdbStorage.openIn<Uint8Array>],
])('%s', (_, open) => {
  it.each([ROWS_A_PAGE, ROWS_A_PAGE + 10, 2 * ROWS_A_PAGE])(
    'gives all of %i entries, where a page ends with the last byte it may have',
    async (count) => {
      const { database, name } = await newColumnFamily();
      const log = await open(database, name, { entryCodec: rawCodec });
      await log.appendEntries(new Array(count).fill(entry));
      expect(await log.getEntries(0, count)).toHaveLength(count);
      expect(await log.getSuffix(1)).toHaveLength(count - 1);
      let iterated = 0;
      for await (const { index } of log.entries(0, undefined, { maxBytes: PAGE_BYTES }))
        if (index === iterated) iterated++;
      expect(iterated).toBe(count);
    },
  );
});

describe('AsyncRocksdbStorage', () => {
  it('lets the event loop turn between two pages, though all of them are there', async () => {
    const { database, name } = await newColumnFamily();
    const log = await AsyncRocksdbStorage.openIn<Uint8Array>(database, name, { entryCodec: rawCodec });
    const pages = 4;
    await log.appendEntries(new Array(pages * ROWS_A_PAGE).fill(entry));
    const reallyRead = DatabaseCore.prototype.readBehindWrites;
    const arrived: Promise<void>[] = [];
    jest.spyOn(DatabaseCore.prototype, 'readBehindWrites').mockImplementation(function (this: DatabaseCore, ...args) {
      const given = reallyRead.apply(this, args);
      // Asked for only once all of them have come.
      const all: PackedRows[] = [];
      const done = (async () => {
        for (let last = false; !last; ) {
          const page = await given.next();
          all.push(page);
          last = page.byteLength < PAGE_BYTES;
        }
      })();
      arrived.push(done);
      const late = new Pages<PackedRows>(
        (bytes) => new PackedRows(bytes),
        () => {},
      );
      jest.spyOn(late, 'next').mockImplementation(async () => {
        await done;
        return all.shift() as PackedRows;
      });
      return late;
    });
    const read = log.getSuffix(0);
    await Promise.all(arrived);
    let turns = 0;
    let isDone = false;
    const counting = (async () => {
      while (!isDone) {
        await nextTurn();
        turns++;
      }
    })();
    expect(await read).toHaveLength(pages * ROWS_A_PAGE);
    isDone = true;
    await counting;
    expect(turns).toBeGreaterThanOrEqual(pages);
  });
});
