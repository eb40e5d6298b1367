import type { Codec } from '../contract/codec.js';
import { type PackedMemory, pack, unpack, withinReach } from './message-pack.js';
import { withPlainCopy } from './plain-copy.js';
import { Refusal } from './refusal.js';

/**
 * MessagePack, by msgpackr: what is stored comes back, or is refused with a TypeError that names the part of the value and
 * the reason. docs/codecs.md has it as a table.
 *
 * Keeps what JSON keeps, and also undefined, NaN, the infinities, bigints, and dates, sets, regular expressions,
 * `ArrayBuffer`s and views of them, of any realm. As with JSON, -0 comes back as 0, a hole in an array as undefined, and a
 * class instance as a plain object of its enumerable properties, or as what its `toJSON` gives; symbol keys, private fields
 * and further properties of an array are left out. A subclass of a class that is kept comes back as that class, and an error
 * as its name, message and cause.
 *
 * Refuses a function, a symbol, a Map, a boxed primitive, a promise, an iterator, a weak reference and every other built-in
 * class that is not named above; a class of views of one's own; a view of a detached buffer; a key `__proto__`; a string with
 * half a character, or with more bytes in UTF-8 than V8's longest string; an array of more than 2^26 elements; a cycle, or
 * more than 500 levels of nesting; and what a getter or a `toJSON` throws, which is the cause of the error.
 *
 * Decoding throws where the bytes are not exactly one value.
 */
export function msgpackCodec<T>(): Codec<T> {
  return { encode: encodeMessagePack, decode: decodeMessagePack as (bytes: Uint8Array) => T };
}

function decodeMessagePack(bytes: Uint8Array): unknown {
  return unpack(withinReach(bytes));
}

/**
 * @internal {@link Codec.decode} for bytes in a Buffer that this project has made, of less than 4 GiB: they need no check.
 */
export function decoderOfOwn<T>({ decode }: Codec<T>): (bytes: Buffer) => T {
  return decode === decodeMessagePack ? (unpack as (bytes: Buffer) => T) : decode;
}

/** Gives a copy: whoever had msgpackr's own memory could transfer it to another thread. */
function encodeMessagePack(value: unknown): Buffer {
  const { memory, start, end } = encodeMessagePackInPlace(value);
  return Buffer.from(memory.subarray(start, end));
}

/** @internal Bytes where they lie: `[start, end)` of `memory`, which is used again at the next call. */
export interface EncodedInPlace {
  readonly memory: Uint8Array;
  /** A view of all of `memory`. */
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/**
 * @internal {@link Codec.encode} that makes no object for the bytes: that alone takes a third as long as encoding a short
 * entry. Undefined for any other codec.
 */
export function inPlaceEncoder<T>(codec: Codec<T>): ((value: T) => EncodedInPlace) | undefined {
  return codec.encode === encodeMessagePack ? encodeMessagePackInPlace : undefined;
}

/**
 * @internal {@link Codec.decode} for the value in `[start, end)` of memory that this project has made, which is moved to its
 * start: that is quicker than a view of it, and what lies there is spent. Undefined for any other codec.
 */
export function movingDecoder<T>({
  decode,
}: Codec<T>): ((memory: Buffer, start: number, end: number) => T) | undefined {
  return decode === decodeMessagePack ? (decodeMoved as (memory: Buffer, start: number, end: number) => T) : undefined;
}

function decodeMoved(memory: Buffer, start: number, end: number): unknown {
  memory.copyWithin(0, start, end);
  return unpack(memory, end - start);
}

const lastEncoded = inMemory(new Uint8Array(0));

function encodeMessagePackInPlace(value: unknown): EncodedInPlace {
  let memory: PackedMemory;
  try {
    memory = withPlainCopy(value, pack);
  } catch (error) {
    throw Refusal.from(error).toError();
  }
  // msgpackr takes other memory after a value too large for what it has.
  if (memory !== lastEncoded.memory) Object.assign(lastEncoded, inMemory(memory));
  lastEncoded.start = memory.start;
  lastEncoded.end = memory.end;
  return lastEncoded;
}

function inMemory(memory: Uint8Array) {
  return { memory, view: new DataView(memory.buffer, memory.byteOffset, memory.byteLength), start: 0, end: 0 };
}

/** @internal Whether `codec` is of {@link msgpackCodec}: it can read all that it writes. */
export function isMsgpackCodec(codec: { encode: unknown; decode: unknown }): boolean {
  return codec.encode === encodeMessagePack && codec.decode === decodeMessagePack;
}
