import type { Codec } from '../contract/codec.js';
import type { StorageOptions } from '../contract/options.js';
import { checkCodec, checkOptions } from '../contract/validate.js';
import { msgpackCodec } from '../format/msgpack-codec.js';

/** How a storage encodes what its caller gives it. */
export interface Codecs<T, S> {
  readonly entry: Codec<T>;
  readonly snapshot: Codec<S>;
}

/** @throws StorageError INVALID_ARGUMENT */
export function toCodecs<T, S>(options: StorageOptions<T, S> = {}): Codecs<T, S> {
  const { entryCodec = msgpackCodec<T>(), snapshotCodec = msgpackCodec<S>() } = checkOptions<StorageOptions<T, S>>(
    options,
    ['entryCodec', 'snapshotCodec'],
  );
  return {
    entry: checkCodec<T>('entryCodec', entryCodec),
    snapshot: checkCodec<S>('snapshotCodec', snapshotCodec),
  };
}
