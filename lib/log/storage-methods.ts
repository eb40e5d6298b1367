// The methods of the Storage contract, each in terms of one way to write and one way to read. Blocking and asynchronous
// storages differ in those two alone.

import { type InspectOptions, inspect } from 'node:util';
import { packedOf } from '../../binding/write-batch.js';
import type { Mode, Result } from '../contract/mode.js';
import type { AtomicWriteOptions, ReadOptions, ReadPackedOptions, ReadSignal } from '../contract/options.js';
import type { PackedPage } from '../contract/packed-page.js';
import type { AppendedRange, Ballot, LogBounds, LogIndex, StopSign, StorageOp } from '../contract/storage.js';
import {
  checkAtomicWriteOptions,
  checkIndex,
  checkOp,
  checkOps,
  checkReadOptions,
  checkReadPackedOptions,
} from '../contract/validate.js';
import { refuseUsedFamilies } from '../families/family-use.js';
import { ballotCodec, stopsignCodec } from '../format/ballots.js';
import { checkCompaction, compactionOps } from './compaction.js';
import { type Cursor, logLength, nextIdx } from './cursor.js';
import type { LogAccess, WriteExtras } from './log-access.js';
import { type Reading, readBounds, readEntries, readIndex, readMeta, readPage, readSuffix } from './readings.js';

/** What an iterator over a log holds in memory at once, unless told. */
const ITERATED_BYTES = 1024 * 1024;

/** @internal Whether there is a log behind `value`: not behind the prototype of a storage, nor behind a proxy around one. */
export let hasLog: (value: unknown) => boolean;

/** @internal What is behind `storage`. */
export let accessOf: <T, S, M extends Mode>(storage: StorageMethods<T, S, M>) => LogAccess<T, S, M>;

/**
 * What every storage can do. A blocking one returns once it is done; an asynchronous one returns a promise that settles then,
 * and rejects with what is said here to be thrown. Each method throws a {@link StorageError}: `Storage` has the list.
 */
export abstract class StorageMethods<T, S, M extends Mode> {
  readonly #log: LogAccess<T, S, M>;

  static {
    hasLog = (value) => typeof value === 'object' && value !== null && #log in value;
    accessOf = (storage) => storage.#log;
  }

  /** @internal */
  constructor(log: LogAccess<T, S, M>) {
    this.#log = log;
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * All of `ops` or none, in their order, on disk and in what reads give. Fsynced if any one of them must be, or with
   * `sync: true`.
   * @throws StorageError `INVALID_ARGUMENT`, also where `alongside` belongs to another database or touches a log or snapshots
   */
  writeAtomically(ops: readonly StorageOp<T, S>[], options?: AtomicWriteOptions): Result<M, void> {
    const extras: WriteExtras = {};
    const checked = () => {
      const { alongside, sync } = checkAtomicWriteOptions(options);
      if (sync !== undefined) extras.sync = sync;
      if (alongside !== undefined) {
        extras.alongside = packedOf(alongside).copy(); // code of an operation may change it behind the check
        const { location } = this.#log;
        if (location !== undefined) refuseUsedFamilies(extras.alongside, location.family);
      }
      return checkOps<T, S>(ops);
    };
    return this.#log.write(checked, nothing, extras);
  }

  /**
   * Appends one entry behind the highest live one, and never below the compaction floor. Fsynced.
   * @returns the log length
   * @throws StorageError `CODEC` where the entry cannot be encoded
   */
  appendEntry(entry: T): Result<M, number> {
    return this.#append({ type: 'appendEntry', entry });
  }

  /**
   * {@link appendEntry} for many, in one write with one fsync.
   * @returns the log length
   */
  appendEntries(entries: readonly T[]): Result<M, number> {
    return this.#append({ type: 'appendEntries', entries });
  }

  /**
   * {@link appendEntries}, but tells where the entries are.
   * @returns their indices, `[from, to)`
   */
  append(entries: readonly T[]): Result<M, AppendedRange> {
    return this.#log.write(
      () => [checkOp('', { type: 'appendEntries', entries })],
      (after, before) => ({ from: nextIdx(before), to: nextIdx(after) }),
    );
  }

  /**
   * Removes every entry at or past `fromIdx`, then writes `entries` from there. With no entries and `fromIdx` past the end
   * it changes nothing. Fsynced.
   * @returns the log length
   */
  appendOnPrefix(fromIdx: LogIndex, entries: readonly T[]): Result<M, number> {
    return this.#append({ type: 'appendOnPrefix', fromIdx, entries });
  }

  #append(op: StorageOp<T, S>): Result<M, number> {
    return this.#log.write(() => [checkOp('', op)], logLength);
  }

  /** Notes the ballot below which this replica accepts nothing. Fsynced. */
  setPromise(ballot: Ballot): Result<M, void> {
    return this.#set({ type: 'setPromise', ballot });
  }

  /** Notes the round in which the log was last accepted. Fsynced. */
  setAcceptedRound(ballot: Ballot): Result<M, void> {
    return this.#set({ type: 'setAcceptedRound', ballot });
  }

  /** Notes that every entry below `idx` is decided. Not fsynced. */
  setDecidedIdx(idx: LogIndex): Result<M, void> {
    return this.#set({ type: 'setDecidedIdx', idx });
  }

  /** Notes the entry that ends the configuration, or, with undefined, that there is none. Fsynced. */
  setStopsign(stopsign: StopSign | undefined): Result<M, void> {
    return this.#set({ type: 'setStopsign', stopsign });
  }

  /**
   * Removes every entry below `idx`; the floor stays. The part that OmniPaxos asks for by itself: callers want
   * {@link compact}. Not fsynced.
   */
  trim(idx: LogIndex): Result<M, void> {
    return this.#set({ type: 'trim', idx });
  }

  /** Moves the floor to `idx`, forward or back; the entries stay. Callers want {@link compact}. Not fsynced. */
  setCompactedIdx(idx: LogIndex): Result<M, void> {
    return this.#set({ type: 'setCompactedIdx', idx });
  }

  /**
   * Keeps a small snapshot, encoded as one value; undefined removes it. A large one belongs into a `SnapshotStore`. Not
   * fsynced.
   * @throws StorageError `CODEC` where it cannot be encoded
   */
  setSnapshot(snapshot: S | undefined): Result<M, void> {
    return this.#set({ type: 'setSnapshot', snapshot });
  }

  #set(op: StorageOp<T, S>): Result<M, void> {
    return this.#log.write(() => [checkOp('', op)], nothing);
  }

  /**
   * Removes every entry below `idx`, moves the floor there and keeps `snapshot`, if one is given, in one atomic write. Not
   * fsynced.
   * @throws StorageError `INVALID_ARGUMENT` where `idx` lies below the floor, past the end of the log or past the decided
   *   index; `CODEC` where the snapshot cannot be encoded
   */
  compact(idx: LogIndex, snapshot?: S): Result<M, void> {
    return this.#log.write((cursor) => {
      checkCompaction(cursor, checkIndex('idx', idx));
      const saved: StorageOp<T, S>[] = snapshot === undefined ? [] : [{ type: 'setSnapshot', snapshot }];
      return [...saved, ...compactionOps(idx)];
    }, nothing);
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The promised ballot, or undefined. */
  getPromise(): Result<M, Ballot | undefined> {
    return this.#log.read(() => readMeta('promise', ballotCodec));
  }

  /** The accepted round, or undefined. */
  getAcceptedRound(): Result<M, Ballot | undefined> {
    return this.#log.read(() => readMeta('acceptedRound', ballotCodec));
  }

  /** The decided index; 0 where none was set. */
  getDecidedIdx(): Result<M, LogIndex> {
    return this.#log.read(() => readIndex('decidedIdx'));
  }

  /** The stop-sign, or undefined. */
  getStopsign(): Result<M, StopSign | undefined> {
    return this.#log.read(() => readMeta('stopsign', stopsignCodec));
  }

  /**
   * The snapshot, or undefined.
   * @throws StorageError `CODEC` where it cannot be decoded
   */
  getSnapshot(): Result<M, S | undefined> {
    return this.#log.read(() => readMeta('snapshot', this.#log.codecs.snapshot));
  }

  /**
   * All of `[from, to)`, or nothing: any missing index gives `[]`. With `maxBytes` it stops behind the entry that reaches
   * them, and does not look at what follows.
   * @throws StorageError `CODEC` where an entry cannot be decoded; or the reason of `signal`
   */
  getEntries(from: LogIndex, to: LogIndex, options?: ReadOptions): Result<M, T[]> {
    let checked: ReadOptions = {};
    return this.#log.read(
      (cursor) => {
        checked = checkReadOptions(options, ['maxBytes', 'signal']);
        const { entry } = this.#log.codecs;
        return readEntries(cursor, entry, checkIndex('from', from), checkIndex('to', to), checked.maxBytes);
      },
      () => checked.signal,
    );
  }

  /**
   * The entries that {@link getEntries} with the same `maxBytes` gives, as they are stored, in one page of bytes: the quickest
   * way to read many. They are not decoded. An empty page: an entry is missing, or the range is empty. The next page begins at
   * `next` of this one.
   * @throws StorageError `CODEC` where an entry is of another schema version; or the reason of `signal`
   */
  readPacked(from: LogIndex, to: LogIndex, options?: ReadPackedOptions): Result<M, PackedPage> {
    let signal: AbortSignal | undefined;
    return this.#log.read(
      (cursor) => {
        const checked = checkReadPackedOptions(options);
        signal = checked.signal;
        return readPage(cursor, checkIndex('from', from), checkIndex('to', to), checked.maxBytes);
      },
      () => signal,
    );
  }

  /**
   * Every live entry at or past `from`, all in memory; for a long log there is `entries`.
   * @throws StorageError `CODEC` where an entry cannot be decoded; or the reason of `signal`
   */
  getSuffix(from: LogIndex, options?: ReadSignal): Result<M, T[]> {
    let checked: ReadSignal = {};
    return this.#log.read(
      (cursor) => {
        checked = checkReadOptions(options, ['signal']);
        return readSuffix(cursor, this.#log.codecs.entry, checkIndex('from', from));
      },
      () => checked.signal,
    );
  }

  /** The compaction floor: the entries below it are gone, or may go. 0 where none was set. */
  getCompactedIdx(): Result<M, LogIndex> {
    return this.#readCursor(({ compactedIdx }) => compactedIdx);
  }

  /** Where the next append lands, minus the floor; never below 0. */
  getLogLen(): Result<M, number> {
    return this.#readCursor(logLength);
  }

  /** Where the log begins and ends. Known without reading the log. */
  getBounds(): Result<M, LogBounds> {
    return this.#log.read(readBounds);
  }

  /** Without a look at the disk. */
  #readCursor<V>(value: (cursor: Cursor) => V): Result<M, V> {
    // biome-ignore lint/correctness/useYield: a reading that takes no step
    return this.#log.read(function* (cursor): Reading<V> {
      return value(cursor);
    });
  }

  // ── Its own state ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * What a write failed with whose outcome is unknown, or undefined. From then on every write is refused with `POISONED`;
   * close the database and open it again.
   */
  get poisoned(): Error | undefined {
    return this.#log.failures.poisonedBy;
  }

  /** Resolves with {@link poisoned} once there is something to tell; until then it is pending. */
  get whenPoisoned(): Promise<Error> {
    return this.#log.failures.whenPoisoned;
  }

  /**
   * Refuses every later call with `CLOSED`, and gives the log back: the next storage may open it. What was called before is
   * still carried out; an asynchronous storage waits for it. Calling it again does no harm. The database stays open.
   */
  close(): Result<M, void> {
    return this.#log.close();
  }

  /** Path, column family and bounds, for `console.log`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    if (!hasLog(this)) return inspect(this, { ...options, customInspect: false });
    const { location, cursor } = this.#log;
    const { compactedIdx, decidedIdx } = cursor;
    const where = location && { path: location.core.path, columnFamily: location.family.name };
    const first = cursor.live.start ?? nextIdx(cursor);
    const shown = { ...where, first, next: nextIdx(cursor), compactedIdx, decidedIdx };
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }
}

/** What `entries` was given, checked. */
export function checkIteration(from: unknown, to: unknown, options: unknown) {
  const { maxBytes = ITERATED_BYTES, signal } = checkReadOptions(options, ['maxBytes', 'signal']);
  return {
    from: checkIndex('from', from),
    to: to === undefined ? undefined : checkIndex('to', to),
    maxBytes,
    signal,
  };
}

function nothing(): void {}
