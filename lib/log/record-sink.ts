import type { Codec } from '../contract/codec.js';
import type { LogIndex } from '../contract/storage.js';
import { ballotCodec, stopsignCodec } from '../format/ballots.js';
import { META_KEYS, type MetaName } from '../format/log-keys.js';
import { type EncodedInPlace, inPlaceEncoder } from '../format/msgpack-codec.js';
import { cannotEncode, encodeBytes, encodeIndex, encodeValue } from '../format/values.js';
import type { StorageRecord } from './transition.js';

/** How a storage encodes what its caller gives it. */
export interface Codecs<T, S> {
  entry: Codec<T>;
  snapshot: Codec<S>;
}

/** Takes encoded records (log entries, and meta records by key), in order, to be stored all at once or not at all. */
export interface RecordSink {
  /** `bytes` are the codec's own, which may be used again: to be copied, behind the schema version. */
  putEntry(idx: LogIndex, bytes: Uint8Array): void;
  putEntryInPlace(idx: LogIndex, encoded: EncodedInPlace): void;
  put(key: Buffer, value: Buffer): void;
  delete(key: Buffer): void;
  /** Log entries in `[from, to)`. */
  removeEntries(from: LogIndex, to: LogIndex): void;
}

/** @throws StorageError CODEC; the sink's contents are then to be thrown away */
export function encodeRecords<T, S>(
  records: readonly StorageRecord<T, S>[],
  codecs: Codecs<T, S>,
  sink: RecordSink,
): void {
  for (const record of records) {
    switch (record.type) {
      case 'putEntries':
        putEntries(record.from, record.entries, codecs.entry, sink);
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
        putMeta(sink, 'snapshot', codecs.snapshot, record.snapshot);
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

function putEntries<T>(from: LogIndex, entries: readonly T[], codec: Codec<T>, sink: RecordSink): void {
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
