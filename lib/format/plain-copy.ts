// A copy of a value that is made of nothing but what msgpackr cannot misjudge. Every part is read once, so that what was
// checked is what is packed, and none of the value's own code (getters, proxies, toJSON) runs while msgpackr packs.

import { Buffer, constants } from 'node:buffer';
import { copyOfKept, isKept, isPlainPrototype, refuseBuiltIns, toJSONOf } from './built-ins.js';
import { Refusal } from './refusal.js';

/** Deeper than data is, and far from where encoding or decoding would run out of stack. */
const MAX_DEPTH = 500;

/** V8 builds no array of twice as many, and is slow long before. */
const MAX_ARRAY_LENGTH = 2 ** 26;

/** msgpackr asks nobody whether a string can be built: it crashes, or comes back as another, if its UTF-8 is longer. */
const MAX_STRING_BYTES = constants.MAX_STRING_LENGTH;
/** Never too long, whatever the characters: UTF-8 takes up to three bytes for one. */
const SURELY_SHORT = Math.floor(MAX_STRING_BYTES / 3);

/** Whether the copy being made is of nothing but plain objects, arrays and primitives. */
let isPlain = true;

/** The views in the copy, if there are any, which share their bytes with the value's own. None is empty. */
let views: ArrayBufferView[] | undefined;

/**
 * Calls `use` with the copy, and whether it is of nothing but plain objects, arrays and primitives.
 * @throws Refusal
 */
export function withPlainCopy<R>(value: unknown, use: (copy: unknown, isPlain: boolean) => R): R {
  const isOuterPlain = isPlain; // code of a value may encode another
  const outerViews = views;
  isPlain = true;
  views = undefined;
  try {
    const copy = copyOf(value, 0);
    if (copy === undefined && value !== undefined) throw new Refusal('a value whose toJSON gives undefined is none');
    checkViews();
    return use(copy, isPlain);
  } finally {
    isPlain = isOuterPlain;
    views = outerViews;
  }
}

/** Once code of the value has had its last turn: it may have detached what it gave before. */
function checkViews(): void {
  if (views?.some(({ byteLength }) => byteLength === 0))
    throw new Refusal('a buffer was detached while it was encoded');
}

/** Runs over every part of every entry: what plain data consists of comes first. */
function copyOf(value: unknown, depth: number): unknown {
  // No `switch (typeof value)`, for which V8 makes a string and compares it.
  if (typeof value === 'string') return checkString(value);
  if (typeof value === 'object') {
    if (value === null) return null;
    if (depth === MAX_DEPTH)
      throw new Refusal(`a cycle, or more than ${MAX_DEPTH} levels of nesting, cannot be encoded`);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return copyOfProperties(value, depth);
    if (prototype === Array.prototype && Array.isArray(value)) return copyOfArray(value, depth);
    return copyOfInstance(value, prototype, depth);
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new Refusal(`a ${typeof value} cannot be encoded`);
  }
  return value;
}

function copyOfPart(value: unknown, depth: number, step: string | number): unknown {
  try {
    return copyOf(value, depth);
  } catch (error) {
    throw Refusal.from(error).within(step);
  }
}

function isSound(text: string): boolean {
  return text.isWellFormed() && (text.length <= SURELY_SHORT || Buffer.byteLength(text) <= MAX_STRING_BYTES);
}

function checkString(text: string, what = 'string'): string {
  if (isSound(text)) return text;
  if (!text.isWellFormed()) throw new Refusal(`a ${what} with half a surrogate pair cannot be encoded`);
  throw new Refusal(`a ${what} of more than ${MAX_STRING_BYTES} bytes in UTF-8 cannot be encoded: none can be read`);
}

/** Keys that have passed, by their place: the entries of a log are mostly alike, and comparing is quicker than checking. */
const passedKeys: string[] = new Array(64).fill('');
const PLACES_A_LEVEL = 16;
const LONGEST_PASSED_KEY = 64;

function checkKey(key: string, place: number): void {
  // msgpackr reads it as `__proto_`.
  if (key === '__proto__') throw new Refusal('the key __proto__ cannot be encoded');
  checkString(key, 'key');
  // For an object whose constructor is another, msgpackr looks through the classes that were registered.
  if (key === 'constructor') isPlain = false;
  else if (place < passedKeys.length && key.length <= LONGEST_PASSED_KEY) passedKeys[place] = key;
}

function copyOfProperties(value: object, depth: number): object {
  const copy: Record<string, unknown> = { ...value };
  const first = depth * PLACES_A_LEVEL;
  let place = first;
  for (const key in copy) {
    if (key !== passedKeys[place]) checkKey(key, place);
    place++;
    const part = copy[key];
    if (typeof part === 'number' || (typeof part === 'string' && isSound(part))) continue;
    // The loop also finds keys that somebody has added to `Object.prototype`. msgpackr does not pack those.
    if (Object.hasOwn(copy, key)) copy[key] = copyOfPart(part, depth + 1, key);
  }
  if (place === first) refuseBuiltIns(value, null);
  return copy;
}

function copyOfArray(value: readonly unknown[], depth: number): unknown[] {
  const { length } = value;
  // A proxy may say anything.
  if (typeof length !== 'number' || !(length <= MAX_ARRAY_LENGTH)) {
    throw new Refusal(`an array of the length ${String(length)} cannot be encoded: the largest is ${MAX_ARRAY_LENGTH}`);
  }
  const copy: unknown[] = [];
  for (let i = 0; i < length; i++) {
    const part = value[i];
    const isSimple = typeof part === 'number' || (typeof part === 'string' && isSound(part));
    copy.push(isSimple ? part : copyOfPart(part, depth + 1, i));
  }
  return copy;
}

/** Of another realm (jest, node:vm), of a built-in class, or of a class of the user's. */
function copyOfInstance(value: object, prototype: object, depth: number): unknown {
  if (isPlainPrototype(prototype)) return copyOfProperties(value, depth);
  const isArray = Array.isArray(value);
  const isBuiltIn = !isArray && isKept(value);
  if (!isArray && !isBuiltIn) refuseBuiltIns(value, prototype);

  const toJSON = toJSONOf(value);
  const given: unknown = toJSON === undefined ? value : toJSON.call(value);
  if (given !== value) return copyOfPart(given, depth + 1, 'toJSON()');

  if (isArray) return copyOfArray(value, depth);
  if (isBuiltIn) {
    isPlain = false;
    const copy = copyOfKept(value, prototype, (member, step) => copyOfPart(member, depth + 1, step));
    if (ArrayBuffer.isView(copy) && copy.byteLength > 0) {
      views ??= [];
      views.push(copy);
    }
    return copy;
  }
  return copyOfProperties(value, depth);
}
