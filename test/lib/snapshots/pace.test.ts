// When the files of a snapshot are written slowly, with the database played by the test.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ColumnFamily, RocksError } from '../../../lib/index.js';
import { Pace } from '../../../lib/snapshots/pace.js';

let fsyncs: number;
/** The column families that are being flushed. */
let flushing: Set<string>;
/** That wait for a compaction. */
let files: number;
/** Of flushes and compactions. */
let errors: number;
let limits: number[];
let isClosed: boolean;
/** Questions that the database was asked. */
let asked: number;
let families: string[];
let pace: Pace;
/** Of another store on the same database. */
let other: Pace;

beforeEach(() => {
  fsyncs = 0;
  flushing = new Set();
  files = 0;
  errors = 0;
  limits = [];
  isClosed = false;
  asked = 0;
  families = ['log', 'snapshots', 'others'];
  const background = {
    limitBackgroundWrites: (bytesPerSecond: number) => {
      if (isClosed) throw new RocksError('CLOSED', 'closed');
      limits.push(bytesPerSecond);
    },
    memtablesToFlush: () => {
      asked++;
      return flushing.size;
    },
  };
  const database = {
    get columnFamilies() {
      return families;
    },
    columnFamily: (name: string) => ({ name, database }),
    property: (name: string, family?: ColumnFamily) => {
      asked++;
      if (name.startsWith('rocksdb.dbstats')) return `${fsyncs}`;
      if (name === 'rocksdb.num-files-at-level0') return `${files}`;
      if (name === 'rocksdb.background-errors') return `${errors}`;
      return flushing.has(family?.name ?? '') ? '1' : '0';
    },
  };
  pace = new Pace(database.columnFamily('snapshots') as unknown as ColumnFamily, background);
  other = new Pace(database.columnFamily('others') as unknown as ColumnFamily, background);
});
afterEach(() => {
  pace.end();
  other.end();
  jest.restoreAllMocks();
});

const LIMIT = 32 * 1024 * 1024;
const goOn = () => {};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One chunk that finds a flush under way. That of the log, if there is one, may end before. */
async function turnBesideFlush(of = pace, name = 'snapshots', logEnds = false): Promise<void> {
  flushing.add(name);
  let looks = 0;
  await of.turn(() => {
    looks++;
    if (looks === 3 && logEnds) flushing.delete('log');
    if (looks === 5) flushing.delete(name);
  });
  expect(flushing).not.toContain(name);
}

describe('a snapshot that is being written', () => {
  it('waits for its own flush, and limits nothing where nobody fsyncs', async () => {
    await turnBesideFlush();
    await turnBesideFlush();
    expect(limits).toEqual([]);
  });

  it('is limited once somebody has fsynced since the last flush, until nobody does', async () => {
    fsyncs++;
    await turnBesideFlush();
    await turnBesideFlush();
    expect(limits).toEqual([LIMIT, 0]);
  });

  it('is not limited while a log flushes too, which the limit would slow down', async () => {
    fsyncs++;
    flushing.add('log');
    await turnBesideFlush();
    expect(limits).toEqual([]);
    fsyncs++;
    await turnBesideFlush(pace, 'snapshots', true);
    expect(limits).toEqual([LIMIT]);
  });

  it('limits nobody for long where its source has nothing to give', async () => {
    fsyncs++;
    await turnBesideFlush();
    expect(limits).toEqual([LIMIT]);
    await pause(1100);
    expect(limits).toEqual([LIMIT, 0]);
  });

  it('limits nobody from the moment on when it is written, and leaves no timer behind', async () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const cleared = jest.spyOn(globalThis, 'clearTimeout');
    fsyncs++;
    await turnBesideFlush();
    const lapses = set.mock.results.filter((_, call) => (set.mock.calls[call]?.[1] ?? 0) >= 1000);
    pace.end();
    expect(limits).toEqual([LIMIT, 0]);
    expect(lapses.length).toBeGreaterThan(0);
    for (const { value } of lapses) expect(cleared.mock.calls).toContainEqual([value]);
    pace.end();
    expect(limits).toEqual([LIMIT, 0]);
  });

  it('is over without an error where the database is closed, whose limit cannot be lifted', async () => {
    fsyncs++;
    await turnBesideFlush();
    isClosed = true;
    pace.end();
    pace.end();
    expect(limits).toEqual([LIMIT]);
  });
});

describe('two stores on one database', () => {
  it('have one limit, which stays until both are written', async () => {
    fsyncs++;
    await turnBesideFlush();
    await turnBesideFlush(other, 'others');
    pace.end();
    expect(limits).toEqual([LIMIT]);
    other.end();
    expect(limits).toEqual([LIMIT, 0]);
  });

  it('lift it together where a log flushes', async () => {
    fsyncs++;
    await turnBesideFlush();
    await turnBesideFlush(other, 'others');
    flushing.add('log');
    await turnBesideFlush();
    expect(limits).toEqual([LIMIT, 0]);
  });
});

describe('a chunk', () => {
  it('asks the database no more beside a thousand column families than beside three', async () => {
    await turnBesideFlush();
    const beside3 = asked;
    families.push(...Array.from({ length: 1000 }, (_, i) => `family ${i}`));
    asked = 0;
    await turnBesideFlush();
    expect(asked).toBe(beside3);
  });

  it('waits until a flush, or a compaction that has fallen behind, has caught up', async () => {
    files = 16;
    flushing.add('snapshots');
    let went = false;
    const turn = pace.turn(goOn).then(() => {
      went = true;
    });
    flushing.delete('snapshots');
    await pause(20);
    expect(went).toBe(false);
    files = 15;
    await turn;
  });

  it('waits no longer where it is told to end', async () => {
    const cause = new Error('no more');
    let checks = 0;
    files = 16;
    const turn = pace.turn(() => {
      if (++checks === 3) throw cause;
    });
    await expect(turn).rejects.toBe(cause);
  });

  it('waits for nothing once RocksDB has failed in the background: the write that follows says so', async () => {
    files = 16;
    flushing.add('snapshots');
    errors = 1;
    await pace.turn(goOn);
  });
});
