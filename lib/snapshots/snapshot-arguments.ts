// What callers hand to a snapshot store, checked before anything is written. Each check returns what it has checked.

import { types } from 'node:util';
import { isGone } from '../../binding/arguments.js';
import { StorageError } from '../contract/storage-error.js';
import { checkIndex, checkOptions, checkSignal, invalid } from '../contract/validate.js';
import { MAX_NAME_BYTES } from '../format/snapshot-keys.js';
import type { CompactOptions, PutOptions, SnapshotReadOptions } from './snapshot.js';

/** @throws StorageError INVALID_ARGUMENT */
export function checkSnapshotName(value: unknown): string {
  // The half of a surrogate pair would be another name once it is stored.
  if (typeof value !== 'string' || value === '' || !value.isWellFormed() || Buffer.byteLength(value) > MAX_NAME_BYTES) {
    throw invalid('name', `a well-formed string of 1 to ${MAX_NAME_BYTES} bytes of UTF-8`, value);
  }
  return value;
}

/**
 * Bytes that are there: a piece whose buffer is gone would pass for an empty one.
 * @throws StorageError INVALID_ARGUMENT
 */
export function checkPiece(argument: string, value: unknown): Uint8Array {
  if (!types.isUint8Array(value)) throw invalid(argument, 'a Uint8Array', value);
  if (isGone(value)) throw invalid(argument, 'a Uint8Array whose buffer is not detached', value);
  return value;
}

/**
 * The options, each read once: a getter may give something else the next time.
 * @throws StorageError INVALID_ARGUMENT
 */
export function checkPutOptions(options: unknown): { overwrite: boolean; signal: AbortSignal | undefined } {
  if (options === undefined) return { overwrite: true, signal: undefined };
  const { overwrite = true, signal } = checkOptions<PutOptions>(options, ['overwrite', 'signal']);
  if (typeof overwrite !== 'boolean') throw invalid('options.overwrite', 'a boolean', overwrite);
  return { overwrite, signal: checkSignal(signal) };
}

/** What `compactTo` has of its own, and the rest, which {@link checkPutOptions} is for. */
export function checkCompactOptions(options: unknown): { keepEntries: number; rest: PutOptions | undefined } {
  if (options === undefined) return { keepEntries: 0, rest: undefined };
  const { keepEntries = 0, ...rest } = checkOptions<CompactOptions>(options, ['keepEntries', 'overwrite', 'signal']);
  return { keepEntries: checkIndex('options.keepEntries', keepEntries), rest };
}

/** {@link checkPutOptions} for reading. */
export function checkReadOptions(options: unknown): { signal: AbortSignal | undefined } {
  if (options === undefined) return { signal: undefined };
  return { signal: checkSignal(checkOptions<SnapshotReadOptions>(options, ['signal']).signal) };
}

/** @throws StorageError INVALID_ARGUMENT */
export function checkKeep(options: unknown): number {
  if (options === undefined) throw new StorageError('INVALID_ARGUMENT', 'options must say how many snapshots to keep');
  return checkIndex('options.keep', checkOptions<{ keep?: number }>(options, ['keep']).keep);
}
