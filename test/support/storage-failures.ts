import { expect } from '@jest/globals';
import { StorageError, type StorageErrorCode } from '../../lib/index.js';
import { failureOf } from './failures.js';

/** `action` fails with a StorageError of this code, whose message holds every one of `words`. */
export async function expectStorageError(
  action: () => unknown,
  code: StorageErrorCode,
  ...words: readonly string[]
): Promise<StorageError> {
  const error = await failureOf(action);
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ name: 'StorageError', code });
  for (const word of words) expect((error as StorageError).message).toContain(word);
  return error as StorageError;
}
