// What a storage does when the database fails it: it counts, and stops writing where nobody knows what is on disk.

import { RocksError } from '../../binding/index.js';
import type { CheckedOp } from '../contract/checked-op.js';
import { StorageError } from '../contract/storage-error.js';
import { isUnsynced, UNSYNCED_OPS, type UnsyncedOp } from './transition.js';

/** Refused by the database before anything reached the WAL: nothing is in doubt. */
const CERTAINLY_NOT_WRITTEN: readonly string[] = ['CLOSED', 'COLUMN_FAMILY_NOT_FOUND', 'INVALID_ARGUMENT', 'READ_ONLY'];

/** Whether a write that failed with `error` may be on disk all the same. */
export function leavesOutcomeOpen(error: unknown): boolean {
  if (!(error instanceof StorageError) || error.code === 'POISONED' || !(error.cause instanceof RocksError))
    return false;
  return !CERTAINLY_NOT_WRITTEN.includes(error.cause.code);
}

export class Failures {
  readonly #unsynced = new Map<UnsyncedOp, number>();
  #poisonedBy: unknown;
  #tellPoisoned: ((cause: Error) => void) | undefined;
  #whenPoisoned: Promise<Error> | undefined;

  get isPoisoned(): boolean {
    return this.#poisonedBy !== undefined;
  }

  /** Whether `error` is what a write failed with that was attempted. */
  isCause(error: unknown): boolean {
    return this.#poisonedBy === error;
  }

  /** `cause`: what a write has failed with whose outcome is unknown, or on which writes build that were called already. */
  poison(cause: unknown): void {
    if (this.isPoisoned) return;
    this.#poisonedBy = cause;
    this.#tellPoisoned?.(this.poisonedBy as Error);
  }

  get poisonedBy(): Error | undefined {
    return this.#poisonedBy as Error | undefined;
  }

  /** Made when it is first asked for: most never are. */
  get whenPoisoned(): Promise<Error> {
    this.#whenPoisoned ??= new Promise((resolve) => {
      if (this.poisonedBy !== undefined) resolve(this.poisonedBy);
      else this.#tellPoisoned = resolve;
    });
    return this.#whenPoisoned;
  }

  get unsynced(): Readonly<Record<UnsyncedOp, number>> {
    const counts = UNSYNCED_OPS.map((op) => [op, this.#unsynced.get(op) ?? 0] as const);
    return Object.fromEntries(counts) as Record<UnsyncedOp, number>;
  }

  /** @throws StorageError POISONED */
  refuseIfPoisoned(): void {
    if (this.isPoisoned) throw this.refusal();
  }

  /** The error of a write that comes after the one that failed. */
  refusal(): StorageError {
    const message = 'an earlier write failed and may or may not be on disk; reopen the database';
    return new StorageError('POISONED', message, { cause: this.#poisonedBy });
  }

  /** Counts that a write of `ops` failed, and poisons where need be. Errors that are not the database's do not matter here. */
  note(error: unknown, ops: readonly CheckedOp<unknown, unknown>[], sync: boolean): void {
    if (!(error instanceof StorageError) || !(error.cause instanceof RocksError)) return;
    if (leavesOutcomeOpen(error)) this.poison(error.cause);
    if (sync) return;
    for (const { type } of ops) {
      if (isUnsynced(type)) this.#unsynced.set(type, (this.#unsynced.get(type) ?? 0) + 1);
    }
  }
}
