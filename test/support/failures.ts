// What a call that must fail fails with.

import { expect } from '@jest/globals';
import { RocksError, type RocksErrorCode } from '../../binding/index.js';

/** What `action` throws, or what its promise rejects with. */
export async function failureOf(action: () => unknown): Promise<unknown> {
  let result: unknown;
  try {
    result = await action();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown; the result was ${String(result)}`);
}

/** `action` fails with a RocksError of this code, whose message holds every one of `words`. */
export async function expectRocksError(
  action: () => unknown,
  code: RocksErrorCode,
  ...words: readonly string[]
): Promise<void> {
  const error = await failureOf(action);
  expect(error).toBeInstanceOf(RocksError);
  expect(error).toMatchObject({ name: 'RocksError', code });
  for (const word of words) expect((error as RocksError).message).toContain(word);
}

/** `action` refuses an argument: a TypeError or a RocksError, either with the code INVALID_ARGUMENT. */
export async function expectInvalidArgument(action: () => unknown, ...words: readonly string[]): Promise<void> {
  const error = await failureOf(action);
  expect(error instanceof TypeError || error instanceof RocksError).toBe(true);
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  for (const word of words) expect((error as Error).message).toContain(word);
}
