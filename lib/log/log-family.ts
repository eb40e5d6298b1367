// A log's column family: what the blocking and the asynchronous storage both know of it.

import { coreOf } from '../../binding/database.js';
import type { DatabaseCore } from '../../binding/database-core.js';
import { type ColumnFamily, Database, type ScanRange } from '../../binding/index.js';
import type { PackedRows } from '../../binding/packed-rows.js';
import type { Pages } from '../../binding/pages.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { checkName } from '../contract/validate.js';
import { claimFamily } from '../families/family-use.js';
import { reported } from '../families/reported.js';
import { showKey } from '../format/keys.js';
import { LOG_END, LOG_START, logKey, parseLogKey, readLogKey } from '../format/log-keys.js';
import { CHUNKS, MANIFESTS } from '../format/snapshot-keys.js';
import { decodeValue } from '../format/values.js';
import { LiveRanges, type Probe } from './live-ranges.js';
import type { EntryPage, PageStep, ReadStep } from './readings.js';

/** Bytes of one crossing of a long read. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** Behind a key: the first that comes after it. */
const AFTER_KEY = Buffer.alloc(1);

/** Where opening looks: the two ends of the log, never the log itself. */
export const LOWEST: ScanRange = { gte: LOG_START, lt: LOG_END, reverse: false, limit: 1 };
export const HIGHEST: ScanRange = { ...LOWEST, reverse: true };

/** And where a snapshot store would have its records. */
export const FOREIGN: readonly ScanRange[] = [CHUNKS, MANIFESTS].map((range) => ({ ...range, limit: 1 }));

export class LogFamily implements Probe {
  readonly core: DatabaseCore;
  readonly family: ColumnFamily;

  /** @throws StorageError COLUMN_FAMILY_NOT_FOUND, INVALID_ARGUMENT */
  constructor(database: Database, name: string) {
    if (!(database instanceof Database)) throw new StorageError('INVALID_ARGUMENT', 'db must be a Database');
    this.core = coreOf(database);
    this.family = reported(() => database.columnFamily(checkName('columnFamily', name)));
  }

  /**
   * Makes it known that there is a log here, with the rows that FOREIGN found.
   * @throws StorageError META, INVALID_ARGUMENT where there is a snapshot store
   */
  claim(foreign: readonly PackedRows[]): void {
    const found = foreign.find((rows) => rows.count > 0);
    if (found !== undefined) {
      const message = `column family ${this.family.name} holds ${showKey(found.key(0))}, which is a snapshot's record`;
      throw new StorageError('META', message);
    }
    claimFamily(this.family, 'a log');
  }

  /** What is live, from the rows that LOWEST and HIGHEST found. */
  static live(lowest: PackedRows, highest: PackedRows): LiveRanges {
    if (lowest.count === 0) return LiveRanges.NONE;
    return LiveRanges.foundAtOpen(parseLogKey(lowest.key(0)), parseLogKey(highest.key(0)));
  }

  /** The page that a step asks for, at once. */
  readPage({ from, to, limit }: PageStep): EntryPage {
    const range = {
      gte: logKey(from),
      lt: logKey(to),
      maxBytes: PAGE_BYTES,
      ...(limit === undefined ? {} : { limit }),
    };
    return toPage(reported(() => this.core.scanSync(this.family, range)));
  }

  /** The pages that {@link answer} takes, as the writes called before leave them. */
  readBehindWrites(step: ReadStep): Pages {
    const { core, family } = this;
    if ('meta' in step) {
      const { meta } = step;
      return core.readBehindWrites(family, meta, Buffer.concat([meta, AFTER_KEY]), PAGE_BYTES, 1);
    }
    const { from, to, limit } = step;
    return core.readBehindWrites(family, logKey(from), logKey(to), PAGE_BYTES, limit);
  }

  /** What a reading is given for its step. */
  static answer(step: ReadStep, rows: PackedRows): EntryPage | Buffer | undefined {
    if (!('meta' in step)) return toPage(rows);
    return rows.count === 0 ? undefined : rows.value(0);
  }

  highest(from: LogIndex, to: LogIndex): LogIndex | undefined {
    const range = { ...HIGHEST, gte: logKey(from), lt: logKey(to) };
    const rows = reported(() => this.core.scanSync(this.family, range));
    return rows.count === 0 ? undefined : parseLogKey(rows.key(0));
  }
}

function toPage(rows: PackedRows): EntryPage {
  const { bytes } = rows;
  return {
    count: rows.count,
    index: (row) => readLogKey(bytes, rows.keyStart(row), rows.keyEnd(row)),
    entry: (row, codec) => decodeValue(codec, bytes, rows.keyEnd(row), rows.valueEnd(row), () => rows.key(row)),
    isLast: rows.byteLength < PAGE_BYTES,
  };
}
