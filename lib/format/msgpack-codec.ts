import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr';
import type { Codec } from '../contract/codec.js';

// No records: a value must be readable without the ones before it. `copyBuffers`: a decoded buffer must not be a view of
// memory that is used again. `variableMapSize`: without it an object of more than 65,535 keys cannot be encoded.
const packr = new Packr({ useRecords: false, moreTypes: true, copyBuffers: true, variableMapSize: true });

const INVALID_MESSAGE_PACK = 0xc1; // a byte that MessagePack never uses, for which msgpackr returns a value

/** Deeper than data is, and far from where encoding or decoding would run out of stack. */
const MAX_DEPTH = 500;

/**
 * MessagePack, by msgpackr. Keeps what JSON keeps, and also undefined, NaN, the infinities, bigints, and dates, sets, regular
 * expressions, `ArrayBuffer`s and views of them. As with JSON, -0 comes back as 0, a hole in an array as undefined, and a
 * class instance as a plain object of its enumerable properties, or as what its `toJSON` gives (the same each time); symbol
 * keys, private fields and further properties of an array are left out. An error keeps its name, message and cause.
 *
 * What would come back as something else is refused with a TypeError: a function, a symbol, a Map, a boxed primitive, a
 * promise, an iterator, a weak reference and every other built-in class that is not named above; a class of views of one's
 * own; a view of a detached buffer; a key `__proto__`; a string with half a character; a cycle, or more than 500 levels of
 * nesting.
 */
export function msgpackCodec<T>(): Codec<T> {
  return {
    encode: encodeMessagePack,
    decode(bytes) {
      if (bytes[0] === INVALID_MESSAGE_PACK) throw new TypeError('not MessagePack: it starts with the byte 0xc1');
      return packr.unpack(bytes) as T;
    },
  };
}

/** A copy: who was handed msgpackr's own memory could transfer it to another thread. */
function encodeMessagePack(value: unknown): Buffer {
  const { memory, start, end } = encodeMessagePackInPlace(value);
  return Buffer.from(memory.subarray(start, end));
}

/** @internal Bytes where they lie: `[start, end)` of `memory`, which is used again at the next call. */
export interface EncodedInPlace {
  readonly memory: Uint8Array;
  /** Of all of `memory`. */
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/**
 * @internal {@link Codec.encode} without an object for the bytes, which takes a third as long to make as a short entry to
 * encode. Undefined for the codecs of others.
 */
export function inPlaceEncoder<T>(codec: Codec<T>): ((value: T) => EncodedInPlace) | undefined {
  return codec.encode === encodeMessagePack ? encodeMessagePackInPlace : undefined;
}

const lastEncoded = inMemory(new Uint8Array(0));

function encodeMessagePackInPlace(value: unknown): EncodedInPlace {
  refuseWhatWouldChange(value, 0);
  const memory = packr.pack(value, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as Buffer & { start: number; end: number };
  // msgpackr takes other memory after an entry too large for what it has.
  if (memory !== lastEncoded.memory) Object.assign(lastEncoded, inMemory(memory));
  lastEncoded.start = memory.start;
  lastEncoded.end = memory.end;
  return lastEncoded;
}

function inMemory(memory: Uint8Array) {
  return { memory, view: new DataView(memory.buffer, memory.byteOffset, memory.byteLength), start: 0, end: 0 };
}

/** Runs over every part of every entry: what plain data consists of comes first. */
function refuseWhatWouldChange(value: unknown, depth: number): void {
  // No `switch (typeof value)`, for which V8 makes a string and compares it.
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('a string with half a surrogate pair cannot be encoded');
  } else if (typeof value === 'object') {
    if (value === null) return;
    if (depth === MAX_DEPTH) {
      throw new TypeError(`a cycle, or more than ${MAX_DEPTH} levels of nesting, cannot be encoded`);
    }
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) refuseProperties(value, depth);
    else if (Array.isArray(value)) for (const part of value) refuseWhatWouldChange(part, depth + 1);
    else refuseInstance(value, depth);
  } else if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`a ${typeof value} cannot be encoded`);
  }
}

/** Keys that have passed, by their place: the entries of a log are mostly alike, and comparing is quicker than checking. */
const passedKeys: string[] = new Array(64).fill('');
const PLACES_A_LEVEL = 16;
const LONGEST_PASSED_KEY = 64;

function refuseKey(key: string, place: number): void {
  if (key === '__proto__') throw new TypeError('the key __proto__ cannot be encoded');
  if (!key.isWellFormed()) throw new TypeError('a key with half a surrogate pair cannot be encoded');
  if (place < passedKeys.length && key.length <= LONGEST_PASSED_KEY) passedKeys[place] = key;
}

function refuseProperties(value: object, depth: number): void {
  let place = depth * PLACES_A_LEVEL;
  for (const key in value) {
    if (key !== passedKeys[place]) refuseKey(key, place);
    place++;
    refuseWhatWouldChange((value as Record<string, unknown>)[key], depth + 1);
  }
}

// By tag and by name, not by instanceof: a value of another realm (jest, node:vm) has other classes.
const KEPT_VIEWS: ReadonlySet<string> = new Set([
  'Buffer',
  'DataView',
  ...['Int8', 'Int16', 'Int32', 'BigInt64', 'Float32', 'Float64'].map((type) => `${type}Array`),
  ...['Uint8', 'Uint8Clamped', 'Uint16', 'Uint32', 'BigUint64'].map((type) => `${type}Array`),
]);

function refuseInstance(value: object, depth: number): void {
  if (ArrayBuffer.isView(value)) {
    const { name } = value.constructor;
    if (!KEPT_VIEWS.has(name)) throw new TypeError(`a view of the class ${name} cannot be encoded: give a Uint8Array`);
    return;
  }
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  switch (tag) {
    case 'Date':
    case 'RegExp':
    case 'ArrayBuffer':
      return;
    case 'Set':
      for (const part of value as Set<unknown>) refuseWhatWouldChange(part, depth + 1);
      return;
    case 'Error': {
      const { name, message, cause } = value as Error;
      if (name === 'AggregateError') throw new TypeError('an AggregateError cannot be encoded');
      for (const part of [name, message, cause]) refuseWhatWouldChange(part, depth + 1);
      return;
    }
    case 'Object':
      if ('toJSON' in value && typeof value.toJSON === 'function') {
        const given: unknown = value.toJSON();
        if (depth === 0 && given === undefined) throw new TypeError('a value whose toJSON gives undefined is none');
        refuseWhatWouldChange(given, depth + 1);
      } else refuseProperties(value, depth);
      return;
    default:
      throw new TypeError(`an object of the type ${tag} cannot be encoded: give plain data, or a codec of your own`);
  }
}
