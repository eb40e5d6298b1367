// msgpackr, which decides what a value is by its constructor and by `instanceof`: what is of another realm, has another
// prototype or runs code of its own may be stored as something else, without an error. So it is given nothing but plain
// objects, arrays, primitives and dates of this realm, and instances of the classes below.

import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr';
import { privateMsgpackr } from './private-msgpackr.js';

const own = privateMsgpackr();

// No records: a value must be readable without the ones before it. `copyBuffers`: a decoded buffer must not be a view of
// memory that is used again. `variableMapSize`: without it an object of more than 65,535 keys cannot be encoded. No
// `toJSON`: it has been asked already, and an own property of that name is data. No structured clones: damaged bytes must
// not become a cycle.
const OPTIONS = {
  useRecords: false,
  moreTypes: true,
  copyBuffers: true,
  variableMapSize: true,
  useToJSON: false,
  structuredClone: false,
} as const;

const ownPackr = new own.Packr(OPTIONS);
// Packs what needs none of the classes registered below. It is the same code, but as an ES module, in which V8 reaches variables
// more quickly: that saves a fifteenth of all encoding. The private copy can only be a CommonJS module.
const packrOfPlain = new Packr(OPTIONS);

/** What is written of a Set. */
export class SetParts {
  constructor(readonly members: unknown[]) {}
}

export type ErrorFields = [name: string, message: string, cause?: unknown];

/** What is written of an error. The cause is left out where there is none. */
export class ErrorParts {
  constructor(readonly fields: ErrorFields) {}
}

/** What is written of a regular expression. */
export class RegExpParts {
  constructor(readonly fields: [source: string, flags: string]) {}
}

// The types are msgpackr's own, and so are the bytes. Its reading of an error looks the name up in an object, where
// `toString` is found too; its reading of a Set or a regular expression takes whatever it finds.
own.addExtension({ Class: SetParts, type: 0x73, write: ({ members }: SetParts) => members, read: toSet });
own.addExtension({ Class: ErrorParts, type: 0x65, write: ({ fields }: ErrorParts) => fields, read: toError });
own.addExtension({ Class: RegExpParts, type: 0x78, write: ({ fields }: RegExpParts) => fields, read: toRegExp });

function toSet(members: unknown): Set<unknown> {
  if (!Array.isArray(members)) throw new TypeError('a Set without an array of its members');
  return new Set(members);
}

/** The classes of errors that come back as themselves. */
export const ERROR_CLASSES: ReadonlyMap<unknown, ErrorConstructor> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
);

function toError(fields: unknown): Error {
  if (!Array.isArray(fields)) throw new TypeError('an error without an array of its fields');
  const [name, message, cause] = fields as unknown[];
  if (typeof name !== 'string' || typeof message !== 'string') throw new TypeError('an error whose name is no text');
  const known = ERROR_CLASSES.get(name);
  const error = new (known ?? Error)(message, cause === undefined ? undefined : { cause });
  if (known === undefined) error.name = name;
  return error;
}

function toRegExp(fields: unknown): RegExp {
  if (!Array.isArray(fields)) throw new TypeError('a regular expression without an array of its fields');
  const [source, flags] = fields as unknown[];
  if (typeof source !== 'string' || typeof flags !== 'string')
    throw new TypeError('a regular expression that is no text');
  return new RegExp(source, flags);
}

/** Bytes where they lie: `[start, end)` of the memory, which is used again at the next call. */
export type PackedMemory = Buffer & { readonly start: number; readonly end: number };

/**
 * @param copy one of plain-copy.ts
 * @param isPlain of nothing but plain objects, arrays and primitives
 */
export function pack(copy: unknown, isPlain: boolean): PackedMemory {
  const packr = isPlain ? packrOfPlain : ownPackr;
  return packr.pack(copy, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as PackedMemory;
}

const INVALID_MESSAGE_PACK = 0xc1; // a byte that MessagePack never uses, for which msgpackr returns a value

/** msgpackr's native part finds bytes by an offset of 32 bits into their ArrayBuffer. */
const LARGEST_OFFSET = 2 ** 32 - 1;

/** Whether the last call was cut short. */
let wasCutShort = false;

/**
 * The value that is the first `length` bytes.
 * @param bytes what {@link withinReach} gives
 * @throws TypeError, Error or RangeError where they are not exactly one value
 */
export function unpack(bytes: Buffer, length = bytes.length): unknown {
  if (length > 0 && bytes[0] === INVALID_MESSAGE_PACK)
    throw new TypeError('not MessagePack: it starts with the byte 0xc1');
  // Where the stack ends between its first step and its own handler, msgpackr takes every later call for a nested one.
  if (wasCutShort) own.clearSource();
  wasCutShort = true;
  const value: unknown = ownPackr.unpack(bytes, length);
  wasCutShort = false;
  return value;
}

/**
 * Bytes that msgpackr's native part can read: a copy where it could not. It cannot reach the memory of a SharedArrayBuffer,
 * nor bytes that lie more than 4 GiB into their memory, and it does not check that.
 */
export function withinReach(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer && bytes.buffer instanceof ArrayBuffer) {
    if (bytes.byteOffset + bytes.length <= LARGEST_OFFSET) return bytes;
  }
  if (!types.isUint8Array(bytes)) throw new TypeError('what is decoded must be a Uint8Array');
  if (bytes.length > LARGEST_OFFSET) throw new TypeError(`${bytes.length} bytes are too many to decode`);
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
