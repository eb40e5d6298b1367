// When the space of chunks that are gone is given back, with RocksDB's sizes and its compaction played by the test.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import { parseChunkKey } from '../../../lib/format/snapshot-keys.js';
import { Database } from '../../../lib/index.js';
import { type LiveChunks, SpaceReclaimer } from '../../../lib/snapshots/space-reclaimer.js';
import { temporaryDatabase } from '../../support/temporary-database.js';

const MIB = 2 ** 20;

let reclaimer: SpaceReclaimer;
let live: LiveChunks;
/** Of the files of the store. */
let bytesOnDisk: number;
/** The ranges of ids that were compacted. */
let compacted: [from: number, to: number][];
/** Of the compaction that comes next. */
let failure: Error | undefined;

beforeEach(async () => {
  const db = await temporaryDatabase({ columnFamilies: ['snapshots'] });
  reclaimer = new SpaceReclaimer(db.columnFamily('snapshots'), async () => live);
  compacted = [];
  failure = undefined;
  jest.spyOn(Database.prototype, 'property').mockImplementation(() => String(bytesOnDisk));
  jest.spyOn(DatabaseCore.prototype, 'reclaimSpace').mockImplementation(async (_, range) => {
    const id = (key: Uint8Array) => parseChunkKey(Buffer.from(key)).id;
    compacted.push([id(range.gte), id(range.lt)]);
    if (failure !== undefined) throw failure;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

async function start(): Promise<void> {
  reclaimer.start();
  await settled();
}

describe('the space of chunks that are gone', () => {
  it('is left to RocksDB while it is less than 32 MiB', async () => {
    live = { ids: [4], bytes: 100 * MIB, end: 5 };
    bytesOnDisk = 132 * MIB - 1;
    await start();
    expect(compacted).toEqual([]);
  });

  it('is given back from 32 MiB on, around the chunks that must stay', async () => {
    live = { ids: [2, 3, 6], bytes: 100 * MIB, end: 9 };
    bytesOnDisk = 132 * MIB;
    await start();
    expect(compacted).toEqual([
      [1, 2],
      [4, 6],
      [7, 9],
    ]);
  });

  it('is looked for again where chunks went while a run is under way or ends', async () => {
    for (let gap = 0; gap < 20; gap++) {
      compacted = [];
      live = { ids: [], bytes: 0, end: 2 };
      bytesOnDisk = 40 * MIB;
      reclaimer.start();
      for (let i = 0; i < gap; i++) await undefined;
      live = { ids: [], bytes: 0, end: 3 };
      await start();
      expect(compacted.at(-1)).toEqual([1, 3]);
    }
  });

  it('is tried again with the next chunks that go, where it fails', async () => {
    live = { ids: [], bytes: 0, end: 2 };
    bytesOnDisk = 40 * MIB;
    failure = new Error('the disk is busy');
    await start();
    failure = undefined;
    await start();
    expect(compacted).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});
