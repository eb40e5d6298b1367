// Random steps for a storage, as data.

import fc from 'fast-check';
import type { StorageOp } from '../../lib/index.js';

export type Entry = string | number | null;
export type Op = StorageOp<Entry, Entry>;

export type Step =
  /** By the operation's own method. */
  | { step: 'call'; op: Op }
  | { step: 'writeAtomically'; ops: Op[] }
  /** The same, ending with an entry that cannot be encoded: none of it may happen. */
  | { step: 'failToWrite'; ops: Op[] }
  /** Up to an index that is said to be decided first, or not. */
  | { step: 'compact'; idx: number; snapshot: Entry | undefined; decided: boolean }
  /** A new storage in the same database. */
  | { step: 'openAgain' }
  /** The database closed and opened, and a new storage in it. */
  | { step: 'reopen' };

/** Where indices lie: at the bottom, where their high half changes, and at the very top. */
const anchors = [0, 2 ** 32 - 12, 2 ** 53 - 24];

const u32 = fc.oneof(fc.nat(5), fc.constantFrom(2 ** 31, 2 ** 32 - 1));
const pid = fc.oneof(fc.nat(5), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }));
const ballot = fc.record({ configId: u32, n: u32, priority: u32, pid }, { noNullPrototype: true });
const stopsign = fc.record(
  {
    nextConfig: fc.record(
      {
        configurationId: u32,
        nodes: fc.array(pid, { maxLength: 3 }),
        flexibleQuorum: fc.record({ readQuorumSize: fc.nat(5), writeQuorumSize: fc.nat(5) }, { noNullPrototype: true }),
      },
      { requiredKeys: ['configurationId', 'nodes'], noNullPrototype: true },
    ),
    metadata: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  },
  { requiredKeys: ['nextConfig'], noNullPrototype: true },
);
const entry: fc.Arbitrary<Entry> = fc.oneof(fc.string({ maxLength: 4 }), fc.nat(), fc.constant(null));
const entries = fc.oneof(
  { weight: 30, arbitrary: fc.array(entry, { maxLength: 6 }) },
  // More than are deleted one by one.
  { weight: 1, arbitrary: fc.constant(1100).map((length) => Array.from({ length }, (_, i) => i)) },
);
const snapshot = fc.option(entry, { nil: undefined });

function opsNear(anchor: number): fc.Arbitrary<Op> {
  const idx = indexNear(anchor);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('appendEntry' as const), entry }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant('appendEntries' as const), entries }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant('appendOnPrefix' as const), fromIdx: idx, entries }) },
    // Cuts without an append: where the tail is then must be found out.
    { weight: 4, arbitrary: idx.map((fromIdx) => ({ type: 'appendOnPrefix' as const, fromIdx, entries: [] })) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant('trim' as const), idx }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('setCompactedIdx' as const), idx }) },
    fc.record({ type: fc.constant('setDecidedIdx' as const), idx }),
    fc.record({ type: fc.constantFrom('setPromise' as const, 'setAcceptedRound' as const), ballot }),
    fc.record({ type: fc.constant('setStopsign' as const), stopsign: fc.option(stopsign, { nil: undefined }) }),
    fc.record({ type: fc.constant('setSnapshot' as const), snapshot }),
  );
}

function indexNear(anchor: number): fc.Arbitrary<number> {
  return fc.oneof({ weight: 5, arbitrary: fc.nat(23).map((n) => anchor + n) }, fc.nat(23));
}

export const steps: fc.Arbitrary<Step[]> = fc.constantFrom(...anchors).chain((anchor) => {
  const op = opsNear(anchor);
  const ops = fc.array(op, { maxLength: 6 });
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.record({ step: fc.constant('call' as const), op }) },
      { weight: 6, arbitrary: fc.record({ step: fc.constant('writeAtomically' as const), ops }) },
      { weight: 1, arbitrary: fc.record({ step: fc.constant('failToWrite' as const), ops }) },
      {
        weight: 3,
        arbitrary: fc.record({
          step: fc.constant('compact' as const),
          idx: indexNear(anchor),
          snapshot,
          decided: fc.boolean(),
        }),
      },
      { weight: 7, arbitrary: fc.constant({ step: 'openAgain' as const }) },
      { weight: 1, arbitrary: fc.constant({ step: 'reopen' as const }) },
    ),
    { minLength: 1, maxLength: 40, size: 'max' },
  );
});
