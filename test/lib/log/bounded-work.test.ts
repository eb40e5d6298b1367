// What an operation may not do, however long the log: read it, or leave tombstones over what is long gone.

import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseCore } from '../../../binding/database-core.js';
import { type ColumnFamily, Database, RocksdbStorage, type ScanRange } from '../../../lib/index.js';
import { type PackedRecord, recordsOf } from '../../support/packed-records.js';
import { newColumnFamily } from '../../support/shared-database.js';

const reallyWrite = DatabaseCore.prototype.writeSync;
const spies = {
  scan: jest.spyOn(DatabaseCore.prototype, 'scanSync'),
  run: jest.spyOn(DatabaseCore.prototype, 'readRunSync'),
  get: jest.spyOn(Database.prototype, 'getSync'),
  write: jest.spyOn(DatabaseCore.prototype, 'writeSync'),
};

/** What `action` did to the database, in log indices. */
function workOf(action: () => unknown) {
  for (const spy of Object.values(spies)) spy.mockClear();
  const records: PackedRecord[] = [];
  spies.write.mockImplementation(function (this: DatabaseCore, batch, sync) {
    records.push(...recordsOf(batch)); // now: the batch is used again for the next write
    reallyWrite.call(this, batch, sync);
  });
  action();
  const ofKind = (operation: PackedRecord['operation']) => records.filter((record) => record.operation === operation);
  return {
    scans: [
      ...spies.scan.mock.calls.map(([, range]) => range as ScanRange),
      ...spies.run.mock.calls.map(([, gte, lt]): ScanRange => ({ gte, lt })),
    ],
    gets: spies.get.mock.calls.length,
    writes: spies.write.mock.calls.length,
    puts: ofKind('put').map(({ first }) => indexOf(first)),
    pointDeletes: ofKind('delete').map(({ first }) => indexOf(first)),
    rangeDeletes: ofKind('deleteRange').map(({ first, second }) => [indexOf(first), indexOf(second)]),
  };
}

const indexOf = (key: Uint8Array) => Number(Buffer.from(key).readBigUInt64BE(2));
const indices = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

let family: ColumnFamily;
let log: RocksdbStorage<number>;

const open = () => {
  log.close();
  log = RocksdbStorage.openIn(family.database, family.name);
  return log;
};

beforeEach(async () => {
  family = await newColumnFamily();
  log = RocksdbStorage.openIn(family.database, family.name);
  log.appendEntries(indices(0, 5000));
});

describe('opening', () => {
  it('reads one row at each end of the log, and one at most of each range where no log has records', () => {
    const { scans } = workOf(open);
    expect(scans.map(({ limit }) => limit)).toEqual(scans.map(() => 1));
    const ends = scans.filter(({ gte, lt }) => `${gte}` === 'L/' && `${lt}` === 'L0');
    expect(ends.map(({ reverse = false }) => reverse)).toEqual([false, true]);
    const elsewhere = scans.filter((range) => !ends.includes(range));
    expect(elsewhere.map(({ gte, gt, lt }) => `${gte ?? gt ?? ''} ${lt ?? ''}`)).toEqual([
      ' L/',
      'L0 M/accepted_round',
      'M/accepted_round M/compacted_idx',
      'M/compacted_idx M/decided_idx',
      'M/decided_idx M/promise',
      'M/promise M/snapshot',
      'M/snapshot M/stopsign',
      'M/stopsign ',
    ]);
  });

  it('leaves trims nothing to look for', () => {
    const log = open();
    expect(workOf(() => log.trim(2500)).scans).toEqual([]);
    log.setDecidedIdx(4990);
    expect(workOf(() => log.compact(4990)).scans).toEqual([]);
    expect(log.getBounds()).toEqual({ first: 4990, next: 5000 });
  });

  it('writes nothing', () => {
    expect(workOf(open).writes).toBe(0);
  });
});

describe.each([
  ['while the storage is the one that wrote the log', () => log],
  ['on a storage that was just opened', () => open()],
])('an append, %s,', (_, get) => {
  it('reads nothing', () => {
    const log = get();
    expect(workOf(() => log.appendEntry(1))).toMatchObject({ scans: [], gets: 0, writes: 1, puts: [5000] });
    expect(workOf(() => log.appendEntries([1, 2]))).toMatchObject({
      scans: [],
      gets: 0,
      writes: 1,
      puts: [5001, 5002],
    });
    expect(workOf(() => log.appendOnPrefix(5003, [1]))).toMatchObject({ scans: [], gets: 0, writes: 1, puts: [5003] });
  });

  it('deletes nothing', () => {
    const log = get();
    expect(workOf(() => log.appendEntries([1, 2]))).toMatchObject({ pointDeletes: [], rangeDeletes: [] });
  });
});

describe('what is known without reading', () => {
  it('is the log length, the bounds and the floor', () => {
    const log = open();
    const work = workOf(() => [log.getLogLen(), log.getBounds(), log.getCompactedIdx()]);
    expect(work).toMatchObject({ scans: [], gets: 0 });
  });

  it('is that a range past the tail, or before the log, is not there', () => {
    log.trim(10);
    const work = workOf(() => [log.getEntries(4999, 5001), log.getEntries(9, 11), log.getSuffix(5000)]);
    expect(work.scans).toEqual([]);
  });
});

describe('every scan', () => {
  it('has both bounds, and none lies in a trimmed prefix', () => {
    log.trim(2000);
    const { scans } = workOf(() => [log.getSuffix(0), log.getEntries(2000, 3000), log.getEntries(4999, 5000)]);
    const bounds = scans.map(({ gte, lt }) => [indexOf(gte as Uint8Array), indexOf(lt as Uint8Array)]);
    expect(bounds).toEqual([
      [2000, 5000],
      [2000, 3000],
      [4999, 5000],
    ]);
  });

  it('of an iterator from 0 begins where the log does, also on a storage that was just opened', () => {
    log.trim(2000);
    for (const get of [() => log, open]) {
      const storage = get();
      const { scans } = workOf(() => [...storage.entries(0, undefined, { maxBytes: 4096 })]);
      const starts = scans.map(({ gte }) => indexOf(gte as Uint8Array));
      expect(starts[0]).toBe(2000);
      expect(starts.length).toBeGreaterThan(1);
      expect(Math.min(...starts)).toBe(2000);
    }
  });

  it('of getBounds behind a trim on a storage that was just opened is one row, from where the log begins to be kept', () => {
    const log = open();
    log.trim(2000);
    const { scans } = workOf(() => log.getBounds());
    expect(scans).toMatchObject([{ limit: 1 }]);
    expect(indexOf(scans[0]?.gte as Uint8Array)).toBe(2000);
    expect(indexOf(scans[0]?.lt as Uint8Array)).toBe(5000);
  });

  it('of a cut on a storage that was just opened is one row, downwards from where it cuts', () => {
    const log = open();
    const { scans } = workOf(() => log.appendOnPrefix(2000, []));
    expect(scans).toMatchObject([{ reverse: true, limit: 1 }]);
    expect(indexOf(scans[0]?.gte as Uint8Array)).toBe(0);
    expect(indexOf(scans[0]?.lt as Uint8Array)).toBe(2000);
  });
});

describe.each([
  ['while the storage is the one that wrote the log', () => log],
  ['on a storage that was just opened', () => open()],
])('a trim, %s,', (_, get) => {
  it('deletes from where the last one ended, never from 0', () => {
    get().trim(1500);
    const log = get();
    expect(workOf(() => log.trim(3000)).rangeDeletes).toEqual([[1500, 3000]]);
    expect(workOf(() => log.trim(3010))).toMatchObject({ pointDeletes: indices(3000, 3010), rangeDeletes: [] });
  });

  it('deletes fewer than 1,000 keys one by one', () => {
    const log = get();
    expect(workOf(() => log.trim(999))).toMatchObject({ pointDeletes: indices(0, 999), rangeDeletes: [] });
    expect(workOf(() => log.trim(1999))).toMatchObject({ pointDeletes: [], rangeDeletes: [[999, 1999]] });
  });

  it('past the tail deletes no further than the tail', () => {
    const log = get();
    log.trim(4990);
    expect(workOf(() => log.trim(2 ** 40))).toMatchObject({ pointDeletes: indices(4990, 5000), rangeDeletes: [] });
  });

  it('of what is gone already writes nothing', () => {
    const log = get();
    log.trim(100);
    expect(workOf(() => log.trim(100))).toMatchObject({ writes: 0, scans: [] });
    expect(workOf(() => log.trim(7))).toMatchObject({ writes: 0, scans: [] });
  });

  it('as a part of compact deletes the same', () => {
    const log = get();
    log.setDecidedIdx(3000);
    log.compact(1500);
    expect(workOf(() => log.compact(3000, 's'))).toMatchObject({ writes: 1, rangeDeletes: [[1500, 3000]] });
  });

  it('in a log that starts at its floor deletes from there', () => {
    const log = get();
    log.trim(6000);
    log.setCompactedIdx(6000);
    log.appendEntries(indices(0, 10));
    expect(workOf(() => log.trim(6005))).toMatchObject({ pointDeletes: indices(6000, 6005), rangeDeletes: [] });
  });
});

describe('a cut by appendOnPrefix', () => {
  it('deletes what the new entries do not overwrite, up to the tail', () => {
    expect(workOf(() => log.appendOnPrefix(4990, [1, 2, 3]))).toMatchObject({
      puts: [4990, 4991, 4992],
      pointDeletes: indices(4993, 5000),
      rangeDeletes: [],
    });
  });

  it('of 1,000 keys and more is one range', () => {
    expect(workOf(() => log.appendOnPrefix(100, [1]))).toMatchObject({ pointDeletes: [], rangeDeletes: [[101, 5000]] });
  });

  it('across a gap does not touch the gap', () => {
    log.appendOnPrefix(2 ** 40, [1, 2]);
    expect(workOf(() => log.appendOnPrefix(4998, []))).toMatchObject({
      pointDeletes: [4998, 4999, 2 ** 40, 2 ** 40 + 1],
      rangeDeletes: [],
    });
  });
});

describe('a read of a long log', () => {
  it('crosses into the database once', () => {
    expect(workOf(() => log.getEntries(0, 5000)).scans).toHaveLength(1);
    expect(workOf(() => log.getSuffix(0)).scans).toHaveLength(1);
  });
});
