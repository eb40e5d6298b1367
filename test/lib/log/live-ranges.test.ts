import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { LiveRanges, type Probe } from '../../../lib/log/live-ranges.js';

const END = 60;

/** Over what `stored` gives at the time of the question. */
function probeOf(stored: () => Set<number>): Probe {
  const within = (from: number, to: number) => [...stored()].filter((idx) => idx >= from && idx < to);
  return {
    highest: (from, to) => within(from, to).sort((a, b) => b - a)[0],
  };
}

const unasked: Probe = {
  highest: () => {
    throw new Error('there was nothing to ask');
  },
};

const change = fc.oneof(
  fc.record({ change: fc.constant('append' as const), gap: fc.oneof(fc.constant(0), fc.nat(5)), count: fc.nat(4) }),
  fc.record({ change: fc.constant('truncate' as const), at: fc.nat(END) }),
  fc.record({ change: fc.constant('trim' as const), at: fc.nat(END) }),
);
const sequence = fc.array(change, { maxLength: 12 });
const storedSet = fc.uniqueArray(fc.nat(END - 20), { maxLength: 20 });

type Change = typeof change extends fc.Arbitrary<infer C> ? C : never;

function perform(ranges: LiveRanges, live: Set<number>, step: Change, probe: Probe): LiveRanges {
  if (step.change === 'append') {
    const from = Math.max(-1, ...live) + 1 + step.gap;
    for (let idx = from; idx < from + step.count; idx++) live.add(idx);
    return ranges.append(from, step.count);
  }
  for (const idx of live) if (step.change === 'trim' ? idx < step.at : idx >= step.at) live.delete(idx);
  return step.change === 'trim' ? ranges.trim(step.at) : ranges.truncate(step.at, probe);
}

function foundAtOpen(stored: readonly number[]): LiveRanges {
  return stored.length === 0 ? LiveRanges.none() : LiveRanges.foundAtOpen(Math.min(...stored), Math.max(...stored));
}

/** As `getBounds` finds it. */
function lowest({ start, whereLowestIs }: LiveRanges, live: Set<number>): number | undefined {
  if (whereLowestIs === undefined) return start;
  const { from, to } = whereLowestIs;
  return Math.min(...indices(from, to).filter((idx) => live.has(idx)));
}

/** What must hold whether or not every index between the ends is known. */
function expectNothingMissed(ranges: LiveRanges, live: Set<number>): void {
  expect(lowest(ranges, live)).toBe(live.size === 0 ? undefined : Math.min(...live));
  expect(ranges.highest).toBe(live.size === 0 ? undefined : Math.max(...live));
  const possible = new Set<number>();
  let last = -1;
  for (const { from, to } of ranges.within(0, Number.POSITIVE_INFINITY)) {
    expect(from).toBeGreaterThanOrEqual(last); // in order, none empty
    expect(to).toBeGreaterThan(from);
    for (let idx = from; idx < to; idx++) possible.add(idx);
    last = to;
  }
  for (const idx of live) expect(possible).toContain(idx);
  for (const [from, to] of everyRange()) {
    if (holdsAll(live, from, to)) expect(ranges.mayHoldAll(from, to)).toBe(true);
  }
}

/** What must hold where every index is known. */
function expectExact(ranges: LiveRanges, live: Set<number>): void {
  for (const [from, to] of everyRange()) {
    expect(ranges.mayHoldAll(from, to)).toBe(holdsAll(live, from, to));
    const inside = ranges.within(from, to).flatMap((range) => indices(range.from, range.to));
    expect(inside).toEqual(indices(from, to).filter((idx) => live.has(idx)));
  }
}

const indices = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const holdsAll = (live: Set<number>, from: number, to: number) => indices(from, to).every((idx) => live.has(idx));
const everyRange = () => [0, 3, 7, 12, 20, 33].flatMap((from) => [1, 2, 6, 15].map((n) => [from, from + n] as const));

describe('LiveRanges', () => {
  it('made by this process know every index, and ask nothing', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const live = new Set<number>();
        let ranges = LiveRanges.none();
        for (const step of steps) {
          ranges = perform(ranges, live, step, unasked);
          expectNothingMissed(ranges, live);
          expectExact(ranges, live);
        }
      }),
    );
  });

  it('found at open are right about both ends after every change, and miss nothing between', () => {
    fc.assert(
      fc.property(storedSet, sequence, (stored, steps) => {
        const live = new Set(stored);
        let ranges = foundAtOpen(stored);
        expectNothingMissed(ranges, live);
        for (const step of steps) {
          // Asked before the change is written, as a storage does.
          const onDisk = new Set(live);
          ranges = perform(
            ranges,
            live,
            step,
            probeOf(() => onDisk),
          );
          expectNothingMissed(ranges, live);
        }
      }),
    );
  });

  it('found at open are right while none of the changes has reached the disk yet', () => {
    fc.assert(
      fc.property(storedSet, sequence, (stored, steps) => {
        const live = new Set(stored);
        let ranges = foundAtOpen(stored);
        const onDisk = new Set(stored);
        for (const step of steps) {
          ranges = perform(
            ranges,
            live,
            step,
            probeOf(() => onDisk),
          );
          expectNothingMissed(ranges, live);
        }
      }),
    );
  });

  it('of one or two neighbouring indices are known whole', () => {
    expectExact(LiveRanges.foundAtOpen(7, 7), new Set([7]));
    expectExact(LiveRanges.foundAtOpen(7, 8), new Set([7, 8]));
    expect(LiveRanges.foundAtOpen(7, 8).truncate(8, unasked).highest).toBe(7);
  });

  it('with thousands of gaps are not copied by an append, in a gap or behind one', () => {
    const copies = jest.spyOn(Array, 'from');
    let ranges = LiveRanges.none();
    for (let i = 0; i < 5000; i++) ranges = ranges.append(3 * i, 2);
    for (let i = 0; i < 1000; i++) ranges = ranges.append(15_000 + i, 1);
    ranges = ranges.trim(301); // cuts the first
    copies.mockClear();
    for (let i = 0; i < 1000; i++) ranges = ranges.append(20_000 + 3 * i, 2);
    expect(copies.mock.calls.length).toBeLessThanOrEqual(1);
    copies.mockRestore();
    expect([ranges.start, ranges.highest]).toEqual([301, 22_998]);
    expect([ranges.mayHoldAll(303, 305), ranges.mayHoldAll(303, 306), ranges.mayHoldAll(15_000, 16_000)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('of two that went on from the same ones do not see each other', () => {
    const common = LiveRanges.none().append(0, 1).append(5, 1);
    const one = common.append(10, 1).append(20, 1);
    const other = common.append(11, 2).append(30, 1);
    expect(one.within(0, 100).map(({ from }) => from)).toEqual([0, 5, 10, 20]);
    expect(other.within(0, 100).map(({ from }) => from)).toEqual([0, 5, 11, 30]);
    expect(common.within(0, 100).map(({ from }) => from)).toEqual([0, 5]);
  });

  it('do not change: an operation gives new ones', () => {
    const ranges = LiveRanges.none().append(0, 5);
    ranges.append(5, 5);
    ranges.truncate(2, unasked);
    ranges.trim(3);
    expectExact(ranges, new Set([0, 1, 2, 3, 4]));
  });

  it('are seldom copied while they are trimmed and appended behind gaps, and keep nothing of what was trimmed', () => {
    const copied = jest.spyOn(Array, 'from');
    for (const cut of [0, 1]) {
      let ranges = LiveRanges.none();
      for (let i = 0; i < 500; i++) ranges = ranges.append(10 * i, 3);
      copied.mockClear();
      for (let i = 0; i < 5000; i++) ranges = ranges.trim(10 * i + cut).append(10 * (500 + i), 3);
      const lengths = copied.mock.calls.map(([from]) => (from as ArrayLike<unknown>).length);
      expect(lengths.length).toBeGreaterThan(0); // what was trimmed goes with the old array
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(2 * 5000);
      expect([ranges.start, ranges.highest]).toEqual([49_990 + cut, 54_992]);
    }
    copied.mockRestore();
  });

  it('are the same where an operation changes nothing', () => {
    const ranges = LiveRanges.none().append(5, 5);
    expect(ranges.append(10, 0)).toBe(ranges);
    expect(ranges.truncate(10, unasked)).toBe(ranges);
    expect(ranges.trim(5)).toBe(ranges);
  });
});
