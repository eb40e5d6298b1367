// The read that the asynchronous storage stands on: a range as the writes called before it leave it, page by page.

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { coreOf } from '../../binding/database.js';
import { type ColumnFamily, WriteBatch } from '../../lib/index.js';
import { newColumnFamily } from '../support/shared-database.js';
import { openAt } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let family: ColumnFamily;
beforeEach(async () => {
  family = await newColumnFamily();
});

const key = (n: number) => Buffer.from([n]);
const put = (from: number, to: number, value = 'x') => {
  const batch = new WriteBatch();
  for (let n = from; n < to; n++) batch.put(family, key(n), Buffer.from(value));
  return batch;
};
const read = (from: number, to: number, pageBytes: number) =>
  coreOf(family.database).readBehindWrites(family, key(from), key(to), pageBytes);

describe('pages', () => {
  it('end with the row that reaches their size, and the last falls short of it', async () => {
    await family.database.write(put(0, 5));
    const pages = read(0, 9, 4); // a row has two bytes
    const found: number[][] = [];
    for (let last = false; !last; ) {
      const page = await pages.next();
      found.push(page.rows().map((row) => row.key[0] as number));
      last = page.byteLength < 4;
    }
    expect(found).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('end with an empty one where the rows fill those before it', async () => {
    await family.database.write(put(0, 2));
    const pages = read(0, 9, 4);
    expect([(await pages.next()).count, (await pages.next()).count]).toEqual([2, 0]);
  });

  it('are one, and empty, where the range holds nothing', async () => {
    expect((await read(0, 9, 1).next()).count).toBe(0);
    expect((await read(9, 0, 1).next()).count).toBe(0);
  });
});

describe('a read that is abandoned', () => {
  it('is not read to its end', async () => {
    const { database } = family;
    await database.write(put(0, 200));
    const written = database.write(put(0, 1), { sync: true }); // what the read waits for
    const pages = read(0, 200, 1);
    pages.abandon();
    expect([(await pages.next()).count, (await pages.next()).count]).toEqual([1, 0]);
    pages.abandon(); // once more, when it is over
    await written;
  });

  it('holds up no close', async () => {
    const own = await openAt(join(temporaryFolder(), 'db'));
    const pages = coreOf(own).readBehindWrites(own.columnFamily('default'), key(0), key(9), 1);
    pages.abandon();
    await own.close();
    expect((await pages.next()).count).toBe(0);
  });
});

describe('the moment of a read', () => {
  it('is behind what was called before, and ahead of the blocking writes called after', async () => {
    const { database } = family;
    for (let round = 0; round < 30; round++) {
      const written = database.write(put(0, 5, `${round}`), { sync: round % 2 === 0 });
      const pages = read(0, 9, 1000);
      if (round % 3 === 0) database.writeSync(put(0, 9, 'later'));
      const values = (await pages.next()).rows().map((row) => row.value.toString());
      expect(values.slice(0, 5)).toEqual(Array(5).fill(`${round}`));
      await written;
    }
  });

  it('stays the same for all its pages', async () => {
    const { database } = family;
    await database.write(put(0, 200));
    const pages = read(0, 200, 1);
    await pages.next();
    database.writeSync(new WriteBatch().deleteRange(family, key(0), key(255)));
    for (let n = 1; n < 200; n++) expect((await pages.next()).key(0)).toEqual(key(n));
    expect((await pages.next()).count).toBe(0);
  });
});
