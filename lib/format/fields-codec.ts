import type { Codec } from '../contract/codec.js';
import { msgpackCodec } from './msgpack-codec.js';

/** A codec for an array of `length` fields, checked by `fromFields`. */
export function fieldsCodec<V>(
  toFields: (value: V) => unknown[],
  fromFields: (fields: unknown[]) => V,
  length: number,
): Codec<V> {
  const { encode, decode } = msgpackCodec<unknown>();
  return {
    encode: (value) => encode(toFields(value)),
    decode(bytes) {
      const fields = decode(bytes);
      if (!Array.isArray(fields) || fields.length !== length) throw new TypeError(`not an array of ${length} fields`);
      return fromFields(fields);
    },
  };
}
