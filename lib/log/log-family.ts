// A log's column family: what the blocking and the asynchronous storage both know of it.

import { coreOf } from '../../binding/database.js';
import type { DatabaseCore } from '../../binding/database-core.js';
import type { ColumnFamily, Database, ScanRange } from '../../binding/index.js';
import type { PackedRows } from '../../binding/packed-rows.js';
import type { Pages } from '../../binding/pages.js';
import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { checkDatabase, checkName } from '../contract/validate.js';
import { claimLog, releaseLog, settleLog } from '../families/family-use.js';
import { reported, reportedLater } from '../families/reported.js';
import { showKey } from '../format/keys.js';
import { FOREIGN_TO_LOG, LOG_END, LOG_START, logKey, parseLogKey, readLogKey } from '../format/log-keys.js';
import { isRawCodec } from '../format/raw-codec.js';
import { decodeValue, VERSION } from '../format/values.js';
import type { Cursor } from './cursor.js';
import { type EntryRun, toEntryRun } from './entry-run.js';
import { LiveRanges, type Probe } from './live-ranges.js';
import { RawValues } from './raw-values.js';
import { type EntryPage, PAGE_BYTES, type PageStep, type ReadStep, type RunRange } from './readings.js';
import { TrimReclaimer } from './trim-reclaimer.js';

/** Behind a key: the first that comes after it. */
const AFTER_KEY = Buffer.alloc(1);

/** Where opening looks: the two ends of the log, never the log itself. */
export const LOWEST: ScanRange = { gte: LOG_START, lt: LOG_END, reverse: false, limit: 1 };
export const HIGHEST: ScanRange = { ...LOWEST, reverse: true };

/**
 * Memory for one crossing of a read of many entries, used again and again: a page of `readPacked`, unless asked to be larger,
 * fits in with all lengths. A larger entry has memory of its own.
 */
const RUN_BYTES = 2 * 1024 * 1024;
let runMemory: Buffer | undefined;

export class LogFamily implements Probe {
  readonly core: DatabaseCore;
  readonly family: ColumnFamily;

  /** @throws StorageError COLUMN_FAMILY_NOT_FOUND, INVALID_ARGUMENT */
  constructor(database: Database, name: string) {
    checkDatabase('db', database);
    this.core = coreOf(database);
    this.family = reported(() => database.columnFamily(checkName('columnFamily', name)));
  }

  /**
   * Makes it known that `writer` writes to the log here.
   * @throws StorageError INVALID_ARGUMENT where another does, or where there is a snapshot store
   */
  claim(writer: object): void {
    claimLog(this.family, this.core.readOnly ? undefined : writer);
  }

  /** The log that is here has been found to be one, as `found`. */
  settle(found: Cursor): void {
    settleLog(this.family);
    if (!this.core.readOnly) TrimReclaimer.of(this.family).noteOpened(found);
  }

  /** `writer` is done with it, or has failed to open. */
  release(writer: object): void {
    releaseLog(this.family, writer);
  }

  /** Where to look for what {@link refuseForeign} refuses. */
  static readonly FOREIGN: readonly ScanRange[] = FOREIGN_TO_LOG.map((range) => ({ ...range, limit: 1 }));

  /** @throws StorageError META where the look at {@link FOREIGN} has found a record */
  refuseForeign(found: readonly PackedRows[]): void {
    const foreign = found.find((rows) => rows.count > 0);
    if (foreign === undefined) return;
    const { name } = this.family;
    throw new StorageError(
      'META',
      `column family ${name} holds ${showKey(foreign.key(0))}, which is no record of a log`,
    );
  }

  /** What is live, from the rows that LOWEST and HIGHEST found. */
  static live(lowest: PackedRows, highest: PackedRows): LiveRanges {
    if (lowest.count === 0) return LiveRanges.none();
    return LiveRanges.foundAtOpen(parseLogKey(lowest.key(0)), parseLogKey(highest.key(0)));
  }

  /** The page that a step asks for, at once. */
  readPage(step: PageStep): EntryPage {
    return toPage(
      step,
      reported(() => this.core.scanSync(this.family, toRange(step))),
    );
  }

  /** The entries that a step asks for, at once. They lie in memory that the next call uses again. */
  readRun({ from, to, pageBytes }: RunRange): EntryRun {
    const first = logKey(from);
    const end = logKey(to);
    const read = (memory: Buffer) =>
      reported(() => this.core.readRunSync(this.family, first, end, VERSION, pageBytes, memory));
    runMemory ??= Buffer.allocUnsafeSlow(RUN_BYTES);
    for (let memory = runMemory; ; ) {
      const length = read(memory);
      if (length <= memory.length) return toEntryRun(memory.subarray(0, length), from, memory === runMemory);
      memory = Buffer.allocUnsafeSlow(length);
    }
  }

  /** {@link readPage}, off this thread. */
  async readPageLater(step: PageStep): Promise<EntryPage> {
    return toPage(step, await reportedLater(this.core.scan(this.family, toRange(step))));
  }

  /** The pages that {@link answer} takes, as the writes called before leave them. */
  readBehindWrites(step: ReadStep): Pages<PackedRows | Buffer> {
    const { core, family } = this;
    if ('run' in step) {
      const { from, to, pageBytes } = step.run;
      return core.readRunBehindWrites(family, logKey(from), logKey(to), VERSION, pageBytes);
    }
    if ('meta' in step) {
      const { meta } = step;
      return core.readBehindWrites(family, meta, Buffer.concat([meta, AFTER_KEY]), PAGE_BYTES, 1);
    }
    const { from, to, limit, pageBytes } = step;
    return core.readBehindWrites(family, logKey(from), logKey(to), pageBytes, limit);
  }

  /** What a reading is given for its step. */
  static answer(step: ReadStep, page: PackedRows | Buffer): EntryRun | EntryPage | Buffer | undefined {
    if ('run' in step) return toEntryRun(page as Buffer, step.run.from, false);
    const rows = page as PackedRows;
    if (!('meta' in step)) return toPage(step, rows);
    return rows.count === 0 ? undefined : rows.value(0);
  }

  highest(from: LogIndex, to: LogIndex): LogIndex | undefined {
    const range = { ...HIGHEST, gte: logKey(from), lt: logKey(to) };
    const rows = reported(() => this.core.scanSync(this.family, range));
    return rows.count === 0 ? undefined : parseLogKey(rows.key(0));
  }
}

function toRange({ from, to, limit, pageBytes }: PageStep): ScanRange {
  return { gte: logKey(from), lt: logKey(to), maxBytes: pageBytes, ...(limit !== undefined && { limit }) };
}

function toPage({ pageBytes }: PageStep, rows: PackedRows): EntryPage {
  const { bytes } = rows;
  const raw = new RawValues(rows);
  return {
    count: rows.count,
    index: (row) => readLogKey(bytes, rows.keyStart(row), rows.keyEnd(row)),
    entry<T>(row: number, codec: Codec<T>): T {
      if (isRawCodec(codec)) return raw.at(row) as T;
      return decodeValue(codec, bytes, rows.keyEnd(row), rows.valueEnd(row), () => rows.key(row));
    },
    byteLength: (row) => rows.valueEnd(row) - rows.keyEnd(row),
    isLast: rows.byteLength < pageBytes,
  };
}
