import { types } from 'node:util';

/** For --help: what {@link toJson} makes of values that JSON has no form for. */
export const JSON_FORMS =
  'What JSON has no form for is given the nearest: bytes their base64; a bigint its digits, and NaN, the infinities and ' +
  'regular expressions their text, as strings; a date its ISO form; a set or another typed array an array; an error its ' +
  'name, message and cause.';

/** One line of JSON, with {@link JSON_FORMS} in it. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, part: unknown) {
    return nearest(this[key], part); // not `part` alone: a Buffer's toJSON has changed it
  });
}

function nearest(value: unknown, otherwise: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null) return otherwise;
  if (types.isUint8Array(value)) return Buffer.from(value).toString('base64');
  if (types.isArrayBuffer(value)) return Buffer.from(value).toString('base64');
  if (types.isDataView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (types.isTypedArray(value)) return Array.from<unknown>(value);
  if (types.isSet(value)) return [...value];
  if (types.isRegExp(value)) return String(value);
  if (types.isNativeError(value)) return { name: value.name, message: value.message, cause: value.cause };
  return otherwise;
}
