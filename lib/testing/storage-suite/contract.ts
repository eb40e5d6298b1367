// What every part of the contract is told in, and what a call that must fail is held to.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { AnyStorage } from './any-storage.js';

/** The `describe` and `it` of a test runner. */
export interface SuiteTools {
  /** Names the tests that `body` registers. */
  describe(name: string, body: () => void): unknown;
  /** Registers one test. */
  it(name: string, body: () => Promise<void>): unknown;
}

/** Something done to a log before it is looked at. */
export type Step = (log: AnyStorage<unknown>) => unknown;

/** A part of the contract registers its tests with these. */
export interface Contract extends SuiteTools {
  /** A new storage after `steps`, ready to be looked at and written on. */
  given(...steps: Step[]): Promise<AnyStorage<unknown>>;
}

/** What `action` throws, or what its promise rejects with. */
export async function failureOf(
  action: () => unknown,
  what = 'the call',
): Promise<{ code?: unknown; message?: unknown }> {
  let result: unknown;
  try {
    result = await action();
  } catch (error) {
    return error as Error;
  }
  assert.fail(`${what} was not refused; the result was ${inspect(result)}`);
}

/** By name and code: a storage may have taken its `StorageError` from another copy of the package. */
export async function refuses(action: () => unknown, what?: string): Promise<void> {
  const error = await failureOf(action, what);
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === 'StorageError' && code === 'INVALID_ARGUMENT') return;
  assert.fail(`${what ?? 'the call'} was refused with ${inspect(error)}, and must be with INVALID_ARGUMENT`);
}
