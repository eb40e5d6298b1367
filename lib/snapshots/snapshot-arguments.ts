// What callers hand to a snapshot store, checked before anything is written. Each check returns what it was given.

import { types } from 'node:util';
import { isGone } from '../../binding/arguments.js';
import { StorageError } from '../contract/storage-error.js';
import { checkIndex, checkOptions, invalid } from '../contract/validate.js';
import { MAX_NAME_BYTES } from '../format/snapshot-keys.js';
import type { PutOptions, SnapshotSource } from './snapshot.js';

export function checkSnapshotName(value: unknown): string {
  // The half of a surrogate pair would be another name once it is stored.
  if (typeof value !== 'string' || value === '' || !value.isWellFormed() || Buffer.byteLength(value) > MAX_NAME_BYTES) {
    throw invalid('name', `a well-formed string of 1 to ${MAX_NAME_BYTES} bytes of UTF-8`, value);
  }
  return value;
}

export function checkSource(value: unknown): SnapshotSource {
  if (types.isUint8Array(value)) return checkPiece('source', value);
  const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  if (typeof (asynchronous ?? synchronous) !== 'function') {
    throw invalid('source', 'a Uint8Array or an (async) iterable of them', value);
  }
  return value as SnapshotSource;
}

/** A piece whose buffer is gone is refused, since it would pass for an empty one. */
export function checkPiece(argument: string, value: unknown): Uint8Array {
  if (!types.isUint8Array(value)) throw invalid(argument, 'a Uint8Array', value);
  if (isGone(value)) throw invalid(argument, 'a Uint8Array whose buffer is not detached', value);
  return value;
}

export function checkOverwrite(options: unknown): boolean {
  if (options === undefined) return true;
  const { overwrite = true } = checkOptions<PutOptions>(options, ['overwrite']);
  if (typeof overwrite !== 'boolean') throw invalid('options.overwrite', 'a boolean', overwrite);
  return overwrite;
}

export function checkKeep(options: unknown): number {
  if (options === undefined) throw new StorageError('INVALID_ARGUMENT', 'options must say how many snapshots to keep');
  return checkIndex('options.keep', checkOptions<{ keep?: number }>(options, ['keep']).keep);
}
