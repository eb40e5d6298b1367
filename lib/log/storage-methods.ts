// The methods of the Storage contract, each in terms of one way to write and one way to read. Blocking and asynchronous
// storages differ in those two alone.

import type { AtomicWriteOptions, StorageOptions } from '../contract/options.js';
import type { Ballot, LogBounds, LogIndex, StopSign, StorageOp } from '../contract/storage.js';
import {
  checkAtomicWriteOptions,
  checkCodec,
  checkIndex,
  checkOp,
  checkOps,
  checkOptions,
} from '../contract/validate.js';
import { ballotCodec, stopsignCodec } from '../format/ballots.js';
import { msgpackCodec } from '../format/msgpack-codec.js';
import { type Cursor, logLength } from './cursor.js';
import { type Reading, readBounds, readEntries, readIndex, readMeta, readSuffix } from './readings.js';
import type { Codecs } from './record-sink.js';

export type Mode = 'blocking' | 'async';
/** What a method of a storage of this mode returns. */
export type Result<M extends Mode, V> = M extends 'async' ? Promise<V> : V;

export abstract class StorageMethods<T, S, M extends Mode> {
  protected readonly codecs: Codecs<T, S>;

  /** @throws StorageError INVALID_ARGUMENT */
  constructor(options: StorageOptions<T, S> = {}) {
    const { entryCodec = msgpackCodec<T>(), snapshotCodec = msgpackCodec<S>() } = checkOptions<StorageOptions<T, S>>(
      options,
      ['entryCodec', 'snapshotCodec'],
    );
    this.codecs = {
      entry: checkCodec<T>('entryCodec', entryCodec),
      snapshot: checkCodec<S>('snapshotCodec', snapshotCodec),
    };
  }

  /** Checks and then performs `ops`, all or none, on what it is given. The result is taken from the cursor behind them. */
  protected abstract write<V>(
    ops: (cursor: Cursor) => readonly StorageOp<T, S>[],
    result: (cursor: Cursor) => V,
    options?: AtomicWriteOptions,
  ): Result<M, V>;
  /** What `reading` finds, seeing every write called before. */
  protected abstract read<V>(reading: (cursor: Cursor) => Reading<V>): Result<M, V>;

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  writeAtomically(ops: readonly StorageOp<T, S>[], options?: AtomicWriteOptions): Result<M, void> {
    const checked = () => {
      checkAtomicWriteOptions(options);
      return checkOps<T, S>(ops);
    };
    return this.write(checked, nothing, options);
  }

  /** @internal Nothing comes between `check`, which throws where the log is not fit for `ops`, and the write. */
  writeIf(
    check: (cursor: Cursor) => void,
    ops: readonly StorageOp<T, S>[],
    options: AtomicWriteOptions,
  ): Result<M, void> {
    const checked = (cursor: Cursor) => {
      check(cursor);
      return ops;
    };
    return this.write(checked, nothing, options);
  }

  appendEntry(entry: T): Result<M, number> {
    return this.#append({ type: 'appendEntry', entry });
  }

  appendEntries(entries: readonly T[]): Result<M, number> {
    return this.#append({ type: 'appendEntries', entries });
  }

  appendOnPrefix(fromIdx: LogIndex, entries: readonly T[]): Result<M, number> {
    return this.#append({ type: 'appendOnPrefix', fromIdx, entries });
  }

  #append(op: StorageOp<T, S>): Result<M, number> {
    return this.write(() => [checkOp('', op)], logLength);
  }

  setPromise(ballot: Ballot): Result<M, void> {
    return this.#set({ type: 'setPromise', ballot });
  }

  setAcceptedRound(ballot: Ballot): Result<M, void> {
    return this.#set({ type: 'setAcceptedRound', ballot });
  }

  setDecidedIdx(idx: LogIndex): Result<M, void> {
    return this.#set({ type: 'setDecidedIdx', idx });
  }

  setStopsign(stopsign: StopSign | undefined): Result<M, void> {
    return this.#set({ type: 'setStopsign', stopsign });
  }

  trim(idx: LogIndex): Result<M, void> {
    return this.#set({ type: 'trim', idx });
  }

  setCompactedIdx(idx: LogIndex): Result<M, void> {
    return this.#set({ type: 'setCompactedIdx', idx });
  }

  setSnapshot(snapshot: S | undefined): Result<M, void> {
    return this.#set({ type: 'setSnapshot', snapshot });
  }

  #set(op: StorageOp<T, S>): Result<M, void> {
    return this.write(() => [checkOp('', op)], nothing);
  }

  compact(idx: LogIndex, snapshot?: S): Result<M, void> {
    return this.write(() => {
      checkIndex('idx', idx);
      const saved: StorageOp<T, S>[] = snapshot === undefined ? [] : [{ type: 'setSnapshot', snapshot }];
      return [...saved, { type: 'trim', idx }, { type: 'setCompactedIdx', idx }];
    }, nothing);
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  getPromise(): Result<M, Ballot | undefined> {
    return this.read(() => readMeta('promise', ballotCodec));
  }

  getAcceptedRound(): Result<M, Ballot | undefined> {
    return this.read(() => readMeta('acceptedRound', ballotCodec));
  }

  getDecidedIdx(): Result<M, LogIndex> {
    return this.read(() => readIndex('decidedIdx'));
  }

  getStopsign(): Result<M, StopSign | undefined> {
    return this.read(() => readMeta('stopsign', stopsignCodec));
  }

  getSnapshot(): Result<M, S | undefined> {
    return this.read(() => readMeta('snapshot', this.codecs.snapshot));
  }

  getEntries(from: LogIndex, to: LogIndex): Result<M, T[]> {
    return this.read((cursor) =>
      readEntries(cursor, this.codecs.entry, checkIndex('from', from), checkIndex('to', to)),
    );
  }

  getSuffix(from: LogIndex): Result<M, T[]> {
    return this.read((cursor) => readSuffix(cursor, this.codecs.entry, checkIndex('from', from)));
  }

  getCompactedIdx(): Result<M, LogIndex> {
    return this.readCursor(({ compactedIdx }) => compactedIdx);
  }

  getLogLen(): Result<M, number> {
    return this.readCursor(logLength);
  }

  /** Known without reading the log. */
  getBounds(): Result<M, LogBounds> {
    return this.read(readBounds);
  }

  /** @internal Without a look at the disk. */
  readCursor<V>(value: (cursor: Cursor) => V): Result<M, V> {
    // biome-ignore lint/correctness/useYield: a reading that takes no step
    return this.read(function* (cursor): Reading<V> {
      return value(cursor);
    });
  }
}

function nothing(): void {}
