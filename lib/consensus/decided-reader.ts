// Decided entries for any number of readers, each at its own pace: from memory where they are recent, else from the log.

import type { EntryList } from '../contract/checked-op.js';
import type { Codec } from '../contract/codec.js';
import { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex, StopSign } from '../contract/storage.js';
import { isRawCodec } from '../format/raw-codec.js';
import { SlabCopies } from '../format/slab-copies.js';
import { Changes } from './changes.js';
import { ConsensusError, messageOf } from './consensus-error.js';
import { fromBytes, isOwn } from './entry-bytes.js';
import type { EngineView, StepOutcome } from './packed-step.js';
import type { PageReader } from './paged-iterator.js';
import { RecentEntries } from './recent-entries.js';
import type { BytesStorage } from './run-ahead.js';

/** What has been decided at an index. */
export type DecidedItem<T> = { index: LogIndex; entry: T } | { index: LogIndex; stopsign: StopSign };

/** What has been decided from an index on: some entries, one at the least, or the stop-sign. */
export type DecidedBatch<T> = { index: LogIndex; entries: T[] } | { index: LogIndex; stopsign: StopSign };

/** Entries as they are stored, from an index on. */
interface StoredBatch {
  index: LogIndex;
  entries: EntryList<Uint8Array>;
}

/** What one reader holds at once. */
const PAGE_BYTES = 1024 * 1024;

export class DecidedReader<T> {
  readonly #storage: BytesStorage;
  readonly #codec: Codec<T>;
  readonly #isOwnCodec: boolean;
  readonly #recent: RecentEntries;
  readonly #floor: () => LogIndex;
  readonly #changes = new Changes();
  #view: EngineView | undefined;
  #end: { error: Error | undefined } | undefined;

  /** `end` is where the log ends, and `floor` gives where it begins. */
  constructor(storage: BytesStorage, codec: Codec<T>, end: LogIndex, floor: () => LogIndex) {
    this.#storage = storage;
    this.#codec = codec;
    this.#isOwnCodec = isOwn(codec);
    this.#recent = new RecentEntries(end);
    this.#floor = floor;
  }

  released({ ops, view }: StepOutcome): void {
    const before = this.#view?.decidedIdx;
    this.#recent.apply(ops);
    this.#view = view;
    if (view.decidedIdx !== before) this.#changes.tell();
  }

  /** Nothing more will be decided here. Readers throw `error`, or end where there is none. */
  end(error: Error | undefined): void {
    this.#end = { error };
    this.#changes.tell();
  }

  /** One after the other, each decoded when it is asked for. */
  async *items(from: LogIndex, ended: AbortSignal): ReturnType<PageReader<DecidedItem<T>>> {
    for await (const batch of this.#read(from, ended)) {
      if ('stopsign' in batch) yield { length: 1, at: () => batch };
      else {
        const { index, entries } = batch;
        const decode = this.#decoderOf(batch);
        yield { length: entries.length, at: (i) => ({ index: index + i, entry: decode(i) }) };
      }
    }
  }

  async *batches(from: LogIndex, ended: AbortSignal): ReturnType<PageReader<DecidedBatch<T>>> {
    for await (const batch of this.#read(from, ended)) {
      if ('stopsign' in batch) yield { length: 1, at: () => batch };
      else {
        const { entries, failure } = this.#decodeAll(batch);
        if (entries.length > 0) yield { length: 1, at: () => ({ index: batch.index, entries }) };
        if (failure !== undefined) throw failure.error;
      }
    }
  }

  /** Those before the first that cannot be read. */
  #decodeAll(batch: StoredBatch): { entries: T[]; failure: { error: unknown } | undefined } {
    const decode = this.#decoderOf(batch);
    const entries: T[] = [];
    try {
      for (let i = 0; i < batch.entries.length; i++) entries.push(decode(i));
    } catch (error) {
      return { entries, failure: { error } };
    }
    return { entries, failure: undefined };
  }

  #decoderOf({ index, entries }: StoredBatch): (i: number) => T {
    if (PackedEntries.is(entries) && isRawCodec(this.#codec)) {
      const copies = new SlabCopies(entries.bytes);
      return (i) => copies.of(entries.startOf(i), entries.endOf(i)) as T;
    }
    return (i) => this.#decode(entries.at(i) as Uint8Array, index + i);
  }

  async *#read(
    from: LogIndex,
    ended: AbortSignal,
  ): AsyncGenerator<StoredBatch | { index: LogIndex; stopsign: StopSign }> {
    for (let next = from; !ended.aborted; ) {
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      }
      const { decidedIdx = 0, reconfigured } = this.#view ?? {};
      const end = reconfigured === undefined ? decidedIdx : decidedIdx - 1;
      if (next < end) {
        const entries = await this.#page(next, end, ended);
        yield { index: next, entries };
        next += entries.length;
      } else if (reconfigured !== undefined && next >= end) {
        if (next === end) yield { index: end, stopsign: structuredClone(reconfigured) };
        return; // nothing comes behind a stop-sign
      } else {
        await this.#changes.next(ended);
      }
    }
  }

  /**
   * Entries from `from` on, one at the least; none where `ended` is aborted. Copied where another's codec may give views of
   * them, to be changed, and where they would keep much else in memory.
   */
  async #page(from: LogIndex, end: LogIndex, ended: AbortSignal): Promise<EntryList<Uint8Array>> {
    this.#refuseBelowFloor(from);
    const recent = this.#recent.from(from, end, PAGE_BYTES);
    if (recent !== undefined) return this.#isOwnCodec && !recent.isSmallPart ? recent : recent.copy();
    let entries: readonly Uint8Array[];
    try {
      entries = await this.#storage.getEntries(from, end, { maxBytes: PAGE_BYTES, signal: ended });
    } catch (error) {
      if (ended.aborted || this.#end !== undefined) return [];
      throw unreadable(from, messageOf(error), error);
    }
    if (entries.length > 0) return entries;
    this.#refuseBelowFloor(from); // compacted meanwhile
    throw unreadable(from, 'it is not in the log');
  }

  #refuseBelowFloor(index: LogIndex): void {
    const floor = this.#floor();
    if (index >= floor) return;
    const remedy = 'take the state from a snapshot, and read on from its index';
    throw new ConsensusError(
      'INVALID_ARGUMENT',
      `entry ${index} has been compacted, the log begins at ${floor}: ${remedy}`,
    );
  }

  #decode(bytes: Uint8Array, index: LogIndex): T {
    try {
      return fromBytes(bytes, this.#codec);
    } catch (error) {
      throw unreadable(index, messageOf(error), error);
    }
  }
}

/** To the reader alone: consensus does not need the entry. */
function unreadable(index: LogIndex, reason: string, cause?: unknown): ConsensusError {
  return new ConsensusError('STORAGE_FAILED', `entry ${index} cannot be read: ${reason}`, { cause });
}
