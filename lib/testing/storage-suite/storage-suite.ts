import type { AsyncStorage, Storage } from '../../contract/storage.js';
import type { AnyStorage } from './any-storage.js';
import type { Step, SuiteTools } from './contract.js';
import { registerContract } from './parts.js';
import { walk } from './walk.js';

/** A storage, whose calls block or give promises; or a promise of one. */
export type OpenStorage = () =>
  | Storage<unknown>
  | AsyncStorage<unknown>
  | Promise<Storage<unknown> | AsyncStorage<unknown>>;

/** Options of {@link storageSuite}. */
export interface SuiteOptions {
  /** Of the first random walk; the others follow from it. Default: a new one each time. A walk that fails tells its own. */
  seed?: number;
}

const WALKS = 10;

/**
 * The contract of {@link Storage} as tests, for any runner that has `describe` and `it` (jest, vitest, node:test): checks a
 * storage of the user's own. Its entries and snapshots are strings, null, numbers, and plain objects and arrays of these.
 * Whoever opens storages closes them, in an `afterEach` for example.
 *
 * @param open - a new and empty storage, each time
 * @param reopen - the storage that was opened last, closed and opened again, or as a crash of the process leaves it: it must
 *   hold all that was written. The whole contract is then told once more, of storages that were opened again
 */
export function storageSuite(
  tools: SuiteTools,
  open: OpenStorage,
  reopen?: OpenStorage,
  options: SuiteOptions = {},
): void {
  const { describe, it } = tools;
  const { seed = Math.floor(Math.random() * 2 ** 31) } = options;
  const openAfter = async (steps: readonly Step[]) => {
    const log = (await open()) as AnyStorage<unknown>;
    for (const step of steps) await step(log);
    return log;
  };
  describe('a storage', () => {
    registerContract({ describe, it, given: (...steps) => openAfter(steps) });
  });
  if (reopen !== undefined) {
    describe('a storage that was opened again', () => {
      registerContract({
        describe,
        it,
        given: async (...steps) => {
          await openAfter(steps);
          return (await reopen()) as AnyStorage<unknown>;
        },
      });
    });
  }
  describe('a random walk', () => {
    for (let i = 1; i <= WALKS; i++) {
      it(`leads where a plain model says, ${i} of ${WALKS}`, () => walk(seed + i - 1, open, reopen));
    }
  });
}
