import type { Database } from '../../binding/index.js';
import type { PackedBatch } from '../../binding/packed-batch.js';
import type { LogIndex } from '../contract/storage.js';
import { reported } from '../families/reported.js';
import { ballotCodec, stopsignCodec } from '../format/ballots.js';
import type { RecordStore } from './blocking-log.js';
import type { Codecs } from './codecs.js';
import type { Cursor } from './cursor.js';
import type { EntryRun } from './entry-run.js';
import { HIGHEST, LOWEST, LogFamily } from './log-family.js';
import { type EntryPage, finish, type PageStep, type RunRange, readIndex, readMeta } from './readings.js';
import { RecordPacker } from './record-packer.js';
import type { StorageRecord } from './transition.js';

/** The records of a log in a column family, read and written while the caller waits. */
export class RocksdbRecords<T, S> implements RecordStore<T, S> {
  readonly codecs: Codecs<T, S>;
  readonly location: LogFamily;
  readonly #packer: RecordPacker<T, S>;

  /** @throws StorageError COLUMN_FAMILY_NOT_FOUND, INVALID_ARGUMENT */
  constructor(database: Database, columnFamily: string, codecs: Codecs<T, S>) {
    this.codecs = codecs;
    this.location = new LogFamily(database, columnFamily);
    this.#packer = new RecordPacker(this.location.family, codecs);
  }

  open(): Cursor {
    const { location } = this;
    location.claim(this);
    try {
      const { core, family } = location;
      const scan = (range: (typeof LogFamily.FOREIGN)[number]) => reported(() => core.scanSync(family, range));
      location.refuseForeign(LogFamily.FOREIGN.map(scan));
      // Each record is decoded once, so that a damaged one is found now and not in the middle of an election.
      finish(readMeta('promise', ballotCodec), this);
      finish(readMeta('acceptedRound', ballotCodec), this);
      const cursor = {
        live: LogFamily.live(scan(LOWEST), scan(HIGHEST)),
        compactedIdx: finish(readIndex('compactedIdx'), this),
        decidedIdx: finish(readIndex('decidedIdx'), this),
        hasStopsign: finish(readMeta('stopsign', stopsignCodec), this) !== undefined,
      };
      location.settle(cursor);
      return cursor;
    } catch (error) {
      location.release(this);
      throw error;
    }
  }

  readMeta(key: Buffer): Buffer | undefined {
    const { family } = this.location;
    return reported(() => family.database.getSync(family, key));
  }

  readPage(step: PageStep): EntryPage {
    return this.location.readPage(step);
  }

  readRun(range: RunRange): EntryRun {
    return this.location.readRun(range);
  }

  highest(from: LogIndex, to: LogIndex): LogIndex | undefined {
    return this.location.highest(from, to);
  }

  commit(records: readonly StorageRecord<T, S>[], sync: boolean, alongside: PackedBatch | undefined): void {
    const batch = this.#packer.pack(records, alongside);
    if (batch.count > 0) reported(() => this.location.core.writeSync(batch, sync));
  }

  release(): void {
    this.location.release(this);
  }
}
