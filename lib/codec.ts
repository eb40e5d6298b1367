import { inspect } from 'node:util';
import { Packr } from 'msgpackr';

/**
 * Values to bytes and back. `encode` may hand out memory that it uses again; `decode` gets memory that is used again,
 * and must copy what it keeps.
 */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

// No records: a value must be readable without the ones before it. `copyBuffers`: a decoded buffer must not be a view of
// memory that is used again.
const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true });

const INVALID_MESSAGE_PACK = 0xc1; // a byte that MessagePack never uses, for which msgpackr returns a value

/**
 * MessagePack, by msgpackr. Keeps what JSON keeps, and also undefined, NaN, dates, bigints, sets, regular expressions and
 * typed arrays. As with JSON, a class instance comes back as a plain object and a function inside a value as undefined;
 * a Map comes back as a plain object.
 */
export function msgpackCodec<T>(): Codec<T> {
  return {
    encode(value) {
      if (typeof value === 'function') throw new TypeError('a function cannot be encoded');
      return packr.pack(value);
    },
    decode(bytes) {
      if (bytes[0] === INVALID_MESSAGE_PACK) throw new TypeError('not MessagePack: it starts with the byte 0xc1');
      return packr.unpack(bytes) as T;
    },
  };
}

/** Entries that already are bytes: stored as they are, behind the version byte. A decoded one is a copy, a Buffer. */
export const rawCodec: Codec<Uint8Array> = {
  encode(value) {
    if (!(value instanceof Uint8Array))
      throw new TypeError(`rawCodec takes a Uint8Array, not ${inspect(value, { depth: 0 })}`);
    return value;
  },
  decode(bytes) {
    return Buffer.from(bytes);
  },
};
