// What a database takes is set by what its logs keep, not by what is past. Counted in bytes, files and rows; each look waits
// until nothing runs in the background.

import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { folderUse } from '../../../bench/scale/folder-use.js';
import { ioCalls } from '../../../bench/scale/io-calls.js';
import { rocksdbIdle } from '../../../bench/shared/rocksdb-idle.js';
import type { Database } from '../../../binding/index.js';
import { AsyncRocksdbStorage, rawCodec } from '../../../lib/index.js';
import { openAt, temporaryDatabase } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const KIB = 2 ** 10;
/** Small, so that a log of a few MiB has many flushes behind it. */
const WRITE_BUFFER = 64 * KIB;
const MAX_TOTAL_WAL = 256 * KIB;
const LOOKS = 12;
const ROUNDS_PER_LOOK = 20;
/** What RocksDB adds to an entry. */
const OVERHEAD = 30;
/** A look catches flushes and compactions at any place of their cycle. */
const CYCLE = 2;

interface Life {
  logs: number;
  entryBytes: number;
  /** Appended to each log in a round. */
  roundBytes: number;
  /** Of each log, by compaction. */
  keptBytes: number;
  /** So much longer is a log when it is compacted. */
  compactedBytes: number;
  /** After each look. */
  isReopened: boolean;
}

const lives: fc.Arbitrary<Life> = fc.record({
  logs: fc.integer({ min: 1, max: 4 }),
  entryBytes: fc.integer({ min: 50, max: 2000 }),
  roundBytes: fc.integer({ min: 8 * KIB, max: 32 * KIB }),
  keptBytes: fc.nat(128 * KIB),
  compactedBytes: fc.nat(128 * KIB),
  isReopened: fc.boolean(),
});

const namesOf = ({ logs }: Life) => Array.from({ length: logs }, (_, log) => `log-${log}`);

async function open(path: string, life: Life) {
  const columnFamilies = namesOf(life).map((name) => ({ name, writeBufferSize: WRITE_BUFFER }));
  const db = await openAt(path, { columnFamilies, maxTotalWalSize: MAX_TOTAL_WAL });
  const openLog = (name: string) => AsyncRocksdbStorage.openIn<Uint8Array>(db, name, { entryCodec: rawCodec });
  return { db, logs: await Promise.all(namesOf(life).map(openLog)) };
}

async function idle(db: Database): Promise<void> {
  for (const name of db.columnFamilies) await rocksdbIdle((property) => db.property(property, db.columnFamily(name)));
}

function sumOf(db: Database, property: string): number {
  return db.columnFamilies.reduce((sum, name) => sum + Number(db.property(property, db.columnFamily(name))), 0);
}

/** One number of each kind for each look. */
async function live(life: Life): Promise<Record<'disk' | 'files' | 'rows' | 'memtables' | 'reopening', number[]>> {
  const path = join(temporaryFolder(), 'db');
  let { db, logs } = await open(path, life);
  const looks = {
    disk: [] as number[],
    files: [] as number[],
    rows: [] as number[],
    memtables: [] as number[],
    reopening: [] as number[],
  };
  const entriesIn = (bytes: number) => Math.ceil(bytes / (life.entryBytes + OVERHEAD));
  const [kept, longest] = [entriesIn(life.keptBytes), entriesIn(life.keptBytes + life.compactedBytes)];
  const entries = Array.from({ length: entriesIn(life.roundBytes) }, (_, i) => Buffer.alloc(life.entryBytes, i));
  for (let look = 0; look < LOOKS; look++) {
    for (let round = 0; round < ROUNDS_PER_LOOK; round++) {
      await Promise.all(
        logs.map(async (log) => {
          await log.appendEntries(entries);
          const { first, next } = await log.getBounds();
          if (next - first <= longest) return;
          await log.setDecidedIdx(next);
          await log.compact(next - kept);
        }),
      );
    }
    await idle(db);
    const { diskBytes, files } = folderUse(path);
    looks.disk.push(diskBytes);
    looks.files.push(files);
    looks.rows.push(sumOf(db, 'rocksdb.aggregated-table-properties/num_entries'));
    looks.memtables.push(sumOf(db, 'rocksdb.size-all-mem-tables'));
    if (!life.isReopened) continue;
    await db.close();
    const before = ioCalls();
    ({ db, logs } = await open(path, life));
    looks.reopening.push((ioCalls() ?? 0) - (before ?? 0));
  }
  await db.close();
  return looks;
}

describe('what a database takes', () => {
  it('does not grow with what is past, whatever the logs are like', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (life) => {
        const looks = await live(life);
        for (const [what, all] of Object.entries(looks)) {
          const [early, late] = [all.slice(0, all.length / 2), all.slice(all.length / 2)];
          expect({ what, all, grows: Math.max(...late) > Math.max(...early) * CYCLE }).toMatchObject({ grows: false });
        }
      }),
      { numRuns: 3 },
    );
  }, 240_000); // a busy machine, or a sanitizer, takes long to compact

  it('is, in memtables, little for a log that is hardly used', async () => {
    const columnFamilies = Array.from({ length: 100 }, (_, log) => `log-${log}`);
    const db = await temporaryDatabase({ columnFamilies });
    for (const name of columnFamilies) {
      const log = await AsyncRocksdbStorage.openIn<Uint8Array>(db, name, { entryCodec: rawCodec });
      for (let i = 0; i < 20; i++) await log.appendEntry(Buffer.alloc(128));
    }
    expect(sumOf(db, 'rocksdb.size-all-mem-tables')).toBeLessThan(columnFamilies.length * 128 * KIB);
  });
});
