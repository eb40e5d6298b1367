import type { Codec } from './codec.js';
import { META_KEYS } from './key-space.js';
import type { LogIndex } from './storage.js';
import type { StorageRecord } from './transition.js';
import { ballotCodec, encodeIndex, encodeValue, stopsignCodec } from './values.js';

/** How a storage encodes what its caller gives it. */
export interface Codecs<T, S> {
  entry: Codec<T>;
  snapshot: Codec<S>;
}

/** Takes encoded records (log entries, and meta records by key), in order, to be stored all at once or not at all. */
export interface RecordSink {
  putEntry(idx: LogIndex, value: Buffer): void;
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
      case 'putEntries': {
        let idx = record.from;
        for (const entry of record.entries) {
          sink.putEntry(idx, encodeValue(codecs.entry, entry, `the entry for index ${idx}`));
          idx++;
        }
        break;
      }
      case 'removeEntries':
        sink.removeEntries(record.from, record.to);
        break;
      case 'putBallot':
        sink.put(META_KEYS[record.name], encodeValue(ballotCodec, record.ballot, 'the ballot'));
        break;
      case 'putIndex':
        sink.put(META_KEYS[record.name], encodeIndex(record.idx));
        break;
      case 'putSnapshot':
        sink.put(META_KEYS.snapshot, encodeValue(codecs.snapshot, record.snapshot, 'the snapshot'));
        break;
      case 'putStopsign':
        sink.put(META_KEYS.stopsign, encodeValue(stopsignCodec, record.stopsign, 'the stop-sign'));
        break;
      case 'removeMeta':
        sink.delete(META_KEYS[record.name]);
        break;
    }
  }
}
