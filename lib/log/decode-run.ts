import type { Codec } from '../contract/codec.js';
import { LENGTH_BYTES, type PackedEntries } from '../contract/packed-entries.js';
import type { LogIndex } from '../contract/storage.js';
import { logKey } from '../format/log-keys.js';
import { decoderOfOwn, movingDecoder } from '../format/msgpack-codec.js';
import { isRawCodec } from '../format/raw-codec.js';
import { SlabCopies } from '../format/slab-copies.js';
import { decoded } from '../format/values.js';
import type { EntryRun } from './entry-run.js';

/**
 * The first `count` entries of `run`, the first of them for `from`, at the end of `found`. The run is spent.
 * @throws StorageError CODEC
 */
export function decodeRun<T>(run: EntryRun, from: LogIndex, count: number, codec: Codec<T>, found: T[]): void {
  const { entries } = run;
  if (isRawCodec(codec)) {
    const copies = new SlabCopies(entries.bytes);
    eachOf(entries, count, (start, end) => found.push(copies.of(start, end) as T));
    return;
  }
  const moving = movingDecoder(codec);
  // Another's codec may keep the bytes, or read this log.
  const packed = moving === undefined && run.isBorrowed ? entries.copy() : entries;
  const { bytes } = packed;
  const decode = moving ?? ((memory, start, end) => decoderOfOwn(codec)(memory.subarray(start, end)));
  let idx = from;
  eachOf(packed, count, (start, end) => {
    found.push(
      decoded(
        () => decode(bytes, start, end),
        () => logKey(idx),
      ),
    );
    idx++;
  });
}

/** Where each of the first `count` begins and ends. */
function eachOf(entries: PackedEntries, count: number, visit: (start: number, end: number) => void): void {
  const { view } = entries;
  for (let left = count, start = LENGTH_BYTES; left > 0; left--) {
    const end = start + view.getUint32(start - LENGTH_BYTES, true);
    visit(start, end);
    start = end + LENGTH_BYTES;
  }
}
