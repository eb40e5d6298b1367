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
// memory that is used again. `variableMapSize`: without it an object of more than 65,535 keys cannot be encoded.
const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true, variableMapSize: true });

const INVALID_MESSAGE_PACK = 0xc1; // a byte that MessagePack never uses, for which msgpackr returns a value

/**
 * MessagePack, by msgpackr. Keeps what JSON keeps, and also undefined, NaN, dates, bigints, sets, regular expressions and
 * typed arrays. As with JSON, a class instance comes back as a plain object. What would come back as something else is
 * refused: a function, a symbol, a Map, a key `__proto__`, a string with half a character.
 */
export function msgpackCodec<T>(): Codec<T> {
  return {
    encode(value) {
      refuseWhatWouldChange(value);
      return packr.pack(value);
    },
    decode(bytes) {
      if (bytes[0] === INVALID_MESSAGE_PACK) throw new TypeError('not MessagePack: it starts with the byte 0xc1');
      return packr.unpack(bytes) as T;
    },
  };
}

function refuseWhatWouldChange(value: unknown): void {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('a string with half a surrogate pair cannot be encoded');
      break;
    case 'function':
    case 'symbol':
      throw new TypeError(`a ${typeof value} cannot be encoded`);
    case 'object':
      if (value === null || ArrayBuffer.isView(value)) break;
      if (value instanceof Map) throw new TypeError('a Map cannot be encoded: give an object, or a codec of your own');
      if (Array.isArray(value) || value instanceof Set) {
        for (const part of value) refuseWhatWouldChange(part);
        break;
      }
      for (const key in value) {
        if (key === '__proto__') throw new TypeError('the key __proto__ cannot be encoded');
        refuseWhatWouldChange(key);
        refuseWhatWouldChange((value as Record<string, unknown>)[key]);
      }
      break;
  }
}

/**
 * Entries that already are bytes: stored as they are, behind the version byte. A decoded one is a Buffer with a copy of its
 * own: a short one lies in a slab of Node's buffer pool (8 KiB), a longer one in memory that it shares with nothing. Keeping
 * one entry of a long read keeps no other in memory.
 */
export const rawCodec: Codec<Uint8Array> = {
  encode(value) {
    if (!(value instanceof Uint8Array))
      throw new TypeError(`rawCodec takes a Uint8Array, not ${inspect(value, { depth: 0 })}`);
    return value;
  },
  decode(bytes) {
    const copy = Buffer.allocUnsafe(bytes.byteLength); // from Node's pool where short, and quicker than Buffer.from
    copy.set(bytes);
    return copy;
  },
};
