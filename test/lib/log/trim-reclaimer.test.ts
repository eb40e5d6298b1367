// When the space of entries that are gone is given back, with RocksDB's sizes and its compaction played by the test.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import { logKey } from '../../../lib/format/log-keys.js';
import { type ColumnFamily, Database } from '../../../lib/index.js';
import type { Cursor } from '../../../lib/log/cursor.js';
import { EMPTY } from '../../../lib/log/cursor.js';
import { LiveRanges } from '../../../lib/log/live-ranges.js';
import { TrimReclaimer } from '../../../lib/log/trim-reclaimer.js';
import { temporaryDatabase } from '../../support/temporary-database.js';

const MIB = 2 ** 20;

let family: ColumnFamily;
/** Of the files of the log. */
let bytesOnDisk: number;
/** Of those, what lies below the log that opening has found. */
let bytesBelow: number;
/** The ranges that were compacted, as indices. */
let compacted: [from: number, to: number][];
/** Of the compaction that comes next. */
let failure: Error | undefined;

beforeEach(async () => {
  const db = await temporaryDatabase({ columnFamilies: ['log'] });
  family = db.columnFamily('log');
  compacted = [];
  failure = undefined;
  jest.spyOn(Database.prototype, 'property').mockImplementation(() => String(bytesOnDisk));
  jest.spyOn(DatabaseCore.prototype, 'reclaimSpace').mockImplementation(async (_, range) => {
    const index = (key: Uint8Array) => Number(Buffer.from(key).readBigUInt64BE(2));
    compacted.push([index(range.gte), index(range.lt)]);
    expect(range.gte).toEqual(logKey(compacted.at(-1)?.[0] as number));
    if (failure !== undefined) throw failure;
  });
  jest.spyOn(DatabaseCore.prototype, 'bytesInFiles').mockImplementation(() => bytesBelow);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const logOf = (lowest: number, highest: number): Cursor => ({
  ...EMPTY,
  live: LiveRanges.foundAtOpen(lowest, highest),
});

async function note(before: Cursor, to: number): Promise<void> {
  TrimReclaimer.of(family).note(before, to);
  await settled();
}

describe('the space of entries that are gone', () => {
  it('is left to RocksDB while it is less than 32 MiB', async () => {
    bytesOnDisk = 62 * MIB;
    await note(logOf(0, 99), 50); // half of it
    expect(compacted).toEqual([]);
  });

  it('is given back from 32 MiB on', async () => {
    bytesOnDisk = 66 * MIB;
    await note(logOf(0, 99), 50);
    expect(compacted).toEqual([[0, 50]]);
  });

  it('adds up over several trims, and is given back once', async () => {
    bytesOnDisk = 40 * MIB;
    await note(logOf(0, 99), 50);
    await note(logOf(50, 99), 75);
    expect(compacted).toEqual([[0, 75]]);
    await note(logOf(75, 99), 80);
    expect(compacted).toHaveLength(1);
  });

  it('that went while a compaction is under way or ends is given back by another', async () => {
    bytesOnDisk = 40 * MIB;
    for (let gap = 0; gap < 12; gap++) {
      compacted = [];
      const start = 1000 * gap;
      TrimReclaimer.of(family).note(logOf(start, start + 99), start + 99);
      for (let i = 0; i < gap; i++) await undefined;
      await note(logOf(start + 200, start + 299), start + 299);
      expect(compacted).toEqual([
        [0, expect.any(Number)],
        [0, start + 299],
      ]);
    }
  });

  it('is given back later where the compaction fails', async () => {
    bytesOnDisk = 40 * MIB;
    failure = new Error('the disk is busy');
    await note(logOf(0, 99), 99);
    expect(compacted).toHaveLength(1);
    failure = undefined;
    bytesOnDisk = MIB;
    await note(logOf(99, 199), 120);
    expect(compacted.slice(1)).toEqual([[0, 120]]);
  });

  it('is nothing where nothing went', async () => {
    bytesOnDisk = 40 * MIB;
    await note(EMPTY, 10);
    await note(logOf(10, 20), 10);
    expect(compacted).toEqual([]);
  });
});

describe('the space of entries that an earlier process has removed', () => {
  async function open(found: Cursor): Promise<void> {
    TrimReclaimer.of(family).noteOpened(found);
    await settled();
  }

  it('is given back once the log is opened', async () => {
    bytesOnDisk = 66 * MIB;
    bytesBelow = 33 * MIB;
    await open(logOf(50, 99));
    expect(compacted).toEqual([[0, 50]]);
  });

  it('is given back up to the floor where no entry is left', async () => {
    bytesOnDisk = 66 * MIB;
    bytesBelow = 66 * MIB;
    await open({ ...EMPTY, compactedIdx: 100 });
    expect(compacted).toEqual([[0, 100]]);
  });

  it('is counted with what goes later, and once, however often the log is opened', async () => {
    bytesOnDisk = 40 * MIB;
    bytesBelow = 20 * MIB;
    await open(logOf(50, 99));
    await open(logOf(50, 99));
    expect(compacted).toEqual([]);
    await note(logOf(50, 99), 75);
    expect(compacted).toEqual([[0, 75]]);
  });

  it('is not looked for where the whole log takes less than 32 MiB', async () => {
    bytesOnDisk = 31 * MIB;
    bytesBelow = 31 * MIB;
    await open(logOf(50, 99));
    expect(DatabaseCore.prototype.bytesInFiles).not.toHaveBeenCalled();
  });
});
