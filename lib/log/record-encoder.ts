import type { EntryList } from '../contract/checked-op.js';
import type { Codec } from '../contract/codec.js';
import { PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import { ballotCodec, stopsignCodec } from '../format/ballots.js';
import { META_KEYS, type MetaName } from '../format/log-keys.js';
import { type EncodedInPlace, inPlaceEncoder } from '../format/msgpack-codec.js';
import { isRawCodec } from '../format/raw-codec.js';
import { cannotEncode, encodeBytes, encodeIndex, encodeValue } from '../format/values.js';
import type { Codecs } from './codecs.js';
import type { RecordSink } from './record-sink.js';
import type { StorageRecord } from './transition.js';

/** Encodes the records of one storage, one write at a time. */
export class RecordEncoder<T, S> {
  readonly #codecs: Codecs<T, S>;
  #encoding = false;

  constructor(codecs: Codecs<T, S>) {
    this.#codecs = codecs;
  }

  /**
   * Hands `records`, encoded, to `sink`, whose contents are to be thrown away where this throws.
   * @throws StorageError CODEC; INVALID_ARGUMENT where a codec writes to the storage: its write would be part of this one
   */
  encode(records: readonly StorageRecord<T, S>[], sink: RecordSink): void {
    if (this.#encoding) {
      throw new StorageError('INVALID_ARGUMENT', 'a codec must not write to the storage that it encodes for');
    }
    this.#encoding = true;
    try {
      sink.begin();
      for (const record of records) this.#encodeRecord(record, sink);
    } finally {
      this.#encoding = false;
    }
  }

  #encodeRecord(record: StorageRecord<T, S>, sink: RecordSink): void {
    switch (record.type) {
      case 'putEntries':
        putEntries(record.from, record.entries, this.#codecs.entry, sink);
        break;
      case 'removeEntries':
        sink.removeEntries(record.from, record.to);
        break;
      case 'putBallot':
        putMeta(sink, record.name, ballotCodec, record.ballot);
        break;
      case 'putIndex':
        sink.put(META_KEYS[record.name], encodeIndex(record.idx));
        break;
      case 'putSnapshot':
        putMeta(sink, 'snapshot', this.#codecs.snapshot, record.snapshot);
        break;
      case 'putStopsign':
        putMeta(sink, 'stopsign', stopsignCodec, record.stopsign);
        break;
      case 'removeMeta':
        sink.delete(META_KEYS[record.name]);
        break;
    }
  }
}

function putEntries<T>(from: LogIndex, entries: EntryList<T>, codec: Codec<T>, sink: RecordSink): void {
  if (PackedEntries.is(entries)) {
    if (!isRawCodec(codec)) throw new StorageError('CODEC', 'packed entries go into a log of bytes, with rawCodec');
    sink.putPackedEntries(from, entries);
    return;
  }
  let idx = from;
  const what = () => `the entry for index ${idx}`;
  const encodeInPlace = inPlaceEncoder(codec);
  if (encodeInPlace === undefined) {
    for (const entry of entries) {
      sink.putEntry(idx, encodeBytes(codec, entry, what));
      idx++;
    }
    return;
  }
  for (const entry of entries) {
    let encoded: EncodedInPlace;
    try {
      encoded = encodeInPlace(entry);
    } catch (error) {
      throw cannotEncode(what(), error);
    }
    sink.putEntryInPlace(idx, encoded);
    idx++;
  }
}

function putMeta<V>(sink: RecordSink, name: MetaName, codec: Codec<V>, value: V): void {
  sink.put(
    META_KEYS[name],
    encodeValue(codec, value, () => `the value for ${META_KEYS[name]}`),
  );
}
