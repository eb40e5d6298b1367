import type { PackedBatch } from '../../binding/packed-batch.js';
import type { CheckedOp } from '../contract/checked-op.js';
import type { Mode, Result } from '../contract/mode.js';
import type { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import type { Codecs } from './codecs.js';
import type { Cursor } from './cursor.js';
import type { Failures } from './failures.js';
import type { LogFamily } from './log-family.js';
import type { LogPart, Reading } from './readings.js';

/** The signal that may end a reading, if there is one. */
export type SignalOf = () => AbortSignal | undefined;

/** Of one write, beside its operations. */
export interface WriteExtras {
  /** The caller's own records. */
  alongside?: PackedBatch;
  /** Synced even if no operation asks for it. */
  sync?: boolean;
}

/** One way to write a log and one to read it: all in which blocking and asynchronous storages differ. */
export interface LogAccess<T, S, M extends Mode> {
  readonly codecs: Codecs<T, S>;
  /** Where the log lies; none in memory. */
  readonly location: LogFamily | undefined;
  /** The log behind every write called so far that has not failed. */
  readonly cursor: Cursor;
  readonly failures: Failures;

  /**
   * Performs what `ops` gives for the log as it is, all or none. What `ops` throws refuses the write, before anything is
   * written. The result is taken from the log before and after.
   */
  write<V>(
    ops: (cursor: Cursor) => readonly CheckedOp<T, S>[],
    result: (after: Cursor, before: Cursor) => V,
    extras?: WriteExtras,
  ): Result<M, V>;
  /**
   * What `reading` finds, seeing every write called before. It gives up once the signal is aborted that `signalOf` gives,
   * which is asked when the reading has begun.
   */
  read<V>(reading: (cursor: Cursor) => Reading<V>, signalOf?: SignalOf): Result<M, V>;
  /** About `maxBytes` of the live entries of `[from, to)`, as they are once every write called before is done. */
  readPart(from: LogIndex, to: LogIndex, maxBytes: number): Result<M, LogPart<T>>;
  /**
   * All of `[from, to)` as they are stored in the log now, or nothing, without waiting for what was called before: for entries that
   * are durable, and that nothing under way removes. It blocks.
   */
  packedNow(from: LogIndex, to: LogIndex): PackedEntries;
  /** For what was read earlier and is given out later. @throws StorageError CLOSED */
  refuseIfClosed(): void;
  /** Refuses every later call, and gives the log to the next storage once every earlier call is done. */
  close(): Result<M, void>;
}

/** @throws StorageError CLOSED */
export function refuseIfClosed(isClosed: boolean, location: LogFamily | undefined): void {
  if (!isClosed) return;
  const where = location === undefined ? 'in memory' : `of the log in column family ${location.family.name}`;
  throw new StorageError('CLOSED', `the storage ${where} is closed; open another`);
}
