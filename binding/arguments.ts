// Checks of what callers hand in. A value of the wrong type is a TypeError, a value out of its range a RocksError; both
// carry the code INVALID_ARGUMENT and name the argument and what was given.

import { type InspectOptions, inspect, types } from 'node:util';
import { RocksError } from './rocks-error.js';

/** The most that a key, a value, or a whole batch may hold. */
export const MAX_BYTES = 2 ** 31 - 1;

/** For a value of the wrong type. `wanted` completes "must be": "a string". */
export function wrongType(argument: string, wanted: string, given: unknown): TypeError {
  const message = `${argument} must be ${wanted}, not ${shown(given)}`;
  return Object.assign(new TypeError(message), { code: 'INVALID_ARGUMENT' });
}

/** For a value of the right type that will not do. `wanted` as in {@link wrongType}. */
export function outOfRange(argument: string, wanted: string, given: unknown): RocksError {
  return new RocksError('INVALID_ARGUMENT', `${argument} must be ${wanted}, not ${shown(given)}`);
}

function shown(given: unknown): string {
  return show(given, { depth: 0, maxArrayLength: 5 });
}

/** @internal What was given, for a message of one line. Whatever it is, this throws nothing. */
export function show(given: unknown, limits: InspectOptions): string {
  const options = { maxStringLength: 40, breakLength: Number.POSITIVE_INFINITY, ...limits };
  try {
    return inspect(given, options);
  } catch {
    return inspect(given, { ...options, customInspect: false }); // it is its own way to show itself that throws
  }
}

/** Bytes that are there: a view whose buffer is gone is refused, since it would pass for an empty one. */
export function checkBytes(argument: string, value: unknown): Uint8Array {
  if (!types.isUint8Array(value)) throw wrongType(argument, 'a Uint8Array', value);
  if (isGone(value)) {
    throw wrongType(argument, 'a Uint8Array whose buffer is still there', value);
  }
  if (value.byteLength > MAX_BYTES) {
    throw new RocksError('INVALID_ARGUMENT', `${argument} must be at most ${MAX_BYTES} bytes, not ${value.byteLength}`);
  }
  return value;
}

export function checkOptionalBytes(argument: string, value: unknown): Uint8Array | undefined {
  return value === undefined ? undefined : checkBytes(argument, value);
}

/**
 * Whether the buffer of `view` is detached, or has shrunk below it: then its length is 0 and, as for no other view, its
 * methods throw.
 */
export function isGone(view: Uint8Array): boolean {
  if (view.byteLength > 0) return false;
  try {
    Uint8Array.prototype.at.call(view, 0);
    return false;
  } catch {
    return true;
  }
}

export function checkBoolean(argument: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw wrongType(argument, 'a boolean', value);
  return value;
}

export function checkInteger(argument: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw wrongType(argument, 'a number', value);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw outOfRange(argument, `an integer from ${min} to ${max}`, value);
  }
  return value;
}

export function checkOptionalInteger(argument: string, value: unknown, min: number, max?: number): number | undefined {
  return value === undefined ? undefined : checkInteger(argument, value, min, max);
}

/**
 * A name or a path: not empty, without the zero byte that C++ would take for its end, and without the half of a character
 * that UTF-8 cannot carry, so that two names never become one.
 */
export function checkName(argument: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value);
  if (value === '' || /[\0\p{Surrogate}]/u.test(value)) {
    throw outOfRange(argument, 'a string that is not empty, has no \\0 and is well-formed', value);
  }
  return value;
}

/** An options object with none but the known names: a misspelt one must not pass for its default. */
export function checkOptions<T extends object>(
  argument: string,
  value: T | undefined,
  known: readonly string[],
): Partial<T> {
  if (value === undefined) return {};
  // An array, a Map or a promise has no own names either: it must not pass for an object without options.
  if (Object.prototype.toString.call(value) !== '[object Object]') throw wrongType(argument, 'an object', value);
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new RocksError(
        'INVALID_ARGUMENT',
        `${argument} has no option ${inspect(name)}; there are ${known.join(', ')}`,
      );
    }
  }
  return value;
}
