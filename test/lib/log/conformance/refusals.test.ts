// What a refusal says: the index, and what stands against it.

import { describe, it } from '@jest/globals';
import { expectStorageError } from '../../../support/storage-failures.js';
import { STORAGES } from '../../../support/storages.js';

const LAST = Number.MAX_SAFE_INTEGER - 1; // the highest index an entry can have: the one behind it must be an index too

describe.each(STORAGES)('$name', ({ given }) => {
  it.each([
    ['below the floor', 1, 'compaction floor is at 2'],
    ['past the end', 6, 'ends at 5'],
    ['past the decided index', 5, 'decided up to 4'],
  ])('says that compact %s cannot be', async (_, idx, why) => {
    const log = await given(
      (log) => log.appendEntries(['a', 'b', 'c', 'd', 'e']),
      (log) => log.setDecidedIdx(4),
      (log) => log.compact(2, 'first'),
    );
    await expectStorageError(() => log.compact(idx, 'second'), 'INVALID_ARGUMENT', `compacted to ${idx}`, why);
  });

  it('names the index past which an append cannot be', async () => {
    const log = await given((log) => log.setCompactedIdx(LAST));
    await expectStorageError(() => log.appendEntries(['y', 'z']), 'INVALID_ARGUMENT', String(LAST));
    await expectStorageError(() => log.appendOnPrefix(LAST + 1, ['z']), 'INVALID_ARGUMENT', String(LAST + 1));
    const ops = [{ type: 'appendEntries' as const, entries: ['y', 'z'] }];
    await expectStorageError(() => log.writeAtomically(ops), 'INVALID_ARGUMENT', String(LAST));
  });

  it('names the operation of an atomic write, and the value', async () => {
    const log = await given();
    const ops = [
      { type: 'appendEntry' as const, entry: 'c' },
      { type: 'setDecidedIdx' as const, idx: -1 },
    ];
    await expectStorageError(() => log.writeAtomically(ops), 'INVALID_ARGUMENT', 'ops[1].idx', '-1');
  });

  it('of bad arguments of append names them', async () => {
    const log = await given();
    await expectStorageError(() => log.append('b' as unknown as string[]), 'INVALID_ARGUMENT', 'entries');
    await expectStorageError(() => log.getEntries(0, 1, { maxBytes: -1 }), 'INVALID_ARGUMENT', 'maxBytes');
    await expectStorageError(() => log.getSuffix(0, { maxBytes: 1 } as never), 'INVALID_ARGUMENT', 'maxBytes');
  });
});
