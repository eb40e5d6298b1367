import { describe, expect, it } from '@jest/globals';
import type { StorageOp } from '../../../lib/contract/storage.js';
import { type Cursor, EMPTY, logLength, nextIdx } from '../../../lib/log/cursor.js';
import { LiveRanges, type Probe } from '../../../lib/log/live-ranges.js';
import { onlyAppends, transition } from '../../../lib/log/transition.js';

const unasked: Probe = {
  highest: () => {
    throw new Error('there was nothing to ask');
  },
};

const told = (cursor: Cursor) => ({
  first: cursor.live.start ?? nextIdx(cursor),
  next: nextIdx(cursor),
  length: logLength(cursor),
  floor: cursor.compactedIdx,
});

/** Live: 2 to 4. */
const start: Cursor = { ...EMPTY, live: LiveRanges.none().append(2, 3), compactedIdx: 1 };

function perform(...ops: StorageOp<string, string>[]) {
  const before = told(start);
  const { records, sync, cursor } = transition(start, ops, unasked);
  // The cursor that was given may be in use still: the write can fail.
  expect(told(start)).toEqual(before);
  return { records, sync, cursor: told(cursor) };
}

describe('transition', () => {
  it('of nothing is nothing', () => {
    expect(perform()).toEqual({ records: [], sync: false, cursor: { first: 2, next: 5, length: 4, floor: 1 } });
  });

  it('gives what to write in the order of the operations, and the cursor for when it is written', () => {
    expect(
      perform(
        { type: 'appendEntry', entry: 'f' },
        { type: 'trim', idx: 4 },
        { type: 'setCompactedIdx', idx: 4 },
        { type: 'setSnapshot', snapshot: 's' },
        { type: 'appendOnPrefix', fromIdx: 5, entries: ['F', 'g'] },
        { type: 'setDecidedIdx', idx: 5 },
        { type: 'setStopsign', stopsign: undefined },
      ),
    ).toEqual({
      records: [
        { type: 'putEntries', from: 5, entries: ['f'] },
        { type: 'removeEntries', from: 2, to: 4 },
        { type: 'putIndex', name: 'compactedIdx', idx: 4 },
        { type: 'putSnapshot', snapshot: 's' },
        { type: 'putEntries', from: 5, entries: ['F', 'g'] },
        { type: 'putIndex', name: 'decidedIdx', idx: 5 },
        { type: 'removeMeta', name: 'stopsign' },
      ],
      sync: true,
      cursor: { first: 4, next: 7, length: 3, floor: 4 },
    });
  });

  it('does not ask for a sync where no operation needs one', () => {
    expect(
      perform(
        { type: 'setDecidedIdx', idx: 5 },
        { type: 'trim', idx: 4 },
        { type: 'setCompactedIdx', idx: 4 },
        { type: 'setSnapshot', snapshot: 's' },
      ).sync,
    ).toBe(false);
  });

  it('removes each part of a log with a gap, and nothing of the gap', () => {
    const gapped: Cursor = { ...EMPTY, live: LiveRanges.none().append(2, 3).append(1000, 2) };
    const trimmed = transition<string, string>(gapped, [{ type: 'trim', idx: 1001 }], unasked);
    expect(trimmed.records).toEqual([
      { type: 'removeEntries', from: 2, to: 5 },
      { type: 'removeEntries', from: 1000, to: 1001 },
    ]);
    const cut = transition<string, string>(gapped, [{ type: 'appendOnPrefix', fromIdx: 3, entries: ['d'] }], unasked);
    expect(cut.records).toEqual([
      { type: 'removeEntries', from: 4, to: 5 },
      { type: 'removeEntries', from: 1000, to: 1002 },
      { type: 'putEntries', from: 3, entries: ['d'] },
    ]);
  });
});

describe('onlyAppends', () => {
  it.each<[boolean, StorageOp<string, string>[]]>([
    [true, [{ type: 'appendEntry', entry: 'e' }]],
    [
      true,
      [
        { type: 'appendEntries', entries: ['e', 'f'] },
        { type: 'appendEntry', entry: 'g' },
      ],
    ],
    [true, [{ type: 'appendOnPrefix', fromIdx: 5, entries: ['e'] }]],
    [false, [{ type: 'appendOnPrefix', fromIdx: 4, entries: ['e'] }]],
    [false, [{ type: 'appendOnPrefix', fromIdx: 4, entries: [] }]],
    [false, [{ type: 'trim', idx: 3 }]],
    [
      false,
      [
        { type: 'appendEntry', entry: 'e' },
        { type: 'setDecidedIdx', idx: 5 },
      ],
    ],
  ])('is %s of %j behind entries 2 to 4', (expected, ops) => {
    expect(onlyAppends(start, transition(start, ops, unasked).records)).toBe(expected);
  });
});
