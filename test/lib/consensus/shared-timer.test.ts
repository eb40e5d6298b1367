// One timer and one turn for all groups of a process: who is told, when, and that nobody disturbs another.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { NODE_CLOCK } from '../../../lib/consensus/clock.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';

const begun: (() => void)[] = [];
afterEach(() => {
  for (const end of begun.splice(0)) end();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** Past it nobody in these tests has an interval. */
const MS = 77_777;

/** It ends with the test, at the latest. */
function every(ms: number, tick: () => void, period: number): () => void {
  const end = NODE_CLOCK.every(ms, tick, period);
  begun.push(end);
  return end;
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** What is thrown out of the ticks, in place of an end of the process. */
function thrown(): unknown[] {
  const errors: unknown[] = [];
  jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((work) => {
    try {
      work();
    } catch (error) {
      errors.push(error);
    }
  });
  return errors;
}

describe('the clock of a process', () => {
  it('has one timer for all that tick alike, for as long as one of them is there', () => {
    const before = timers();
    const ends = Array.from({ length: 100 }, (_, i) => every(MS, () => {}, 1 + (i % 7)));
    expect(timers()).toBe(before + 1);
    const endOther = every(MS + 1, () => {}, 1);
    expect(timers()).toBe(before + 2);
    endOther();
    for (const end of ends.slice(1)) end();
    for (const end of ends.slice(1)) end(); // once more is no harm to the one that is left
    expect(timers()).toBe(before + 1);
    ends[0]?.();
    expect(timers()).toBe(before);
    every(MS, () => {}, 1)();
    expect(timers()).toBe(before);
  });

  it.each([1, 2, 3, 4, 5])('tells each every tick from its first to its end, all periods together: seed %i', (seed) => {
    jest.useFakeTimers();
    const errors = thrown();
    const random = new SeededRandom(seed);
    every(MS, () => {}, 1); // the timer stays
    const participants: { period: number; told: number[]; from: number; to: number | undefined; end(): void }[] = [];
    let throwers = 0;
    let now = 0;
    for (; now < 300; now++) {
      if (random.chance(20)) {
        const told: number[] = [];
        const throws = random.chance(20);
        const period = random.within(1, 9);
        const tick = () => {
          told.push(now);
          if (!throws) return;
          throwers++;
          throw new Error('a tick');
        };
        participants.push({ period, told, from: now, to: undefined, end: every(MS, tick, period) });
      }
      const leaving = random.chance(10) ? participants[random.within(0, participants.length)] : undefined;
      leaving?.end();
      if (leaving !== undefined) leaving.to ??= now;
      jest.advanceTimersByTime(MS);
    }
    for (const { period, told, from, to = 300 } of participants) {
      const first = Math.ceil(from / period) * period;
      const expected = Array.from({ length: Math.max(0, to - first) }, (_, i) => first + i);
      expect(told).toEqual(expected);
    }
    expect(participants.length).toBeGreaterThan(20);
    expect(errors.length).toBe(throwers);
  });

  it('lets one that is told end itself, and others', () => {
    jest.useFakeTimers();
    const told: string[] = [];
    const endFirst = every(
      MS,
      () => {
        told.push('first');
        endFirst();
        endSecond();
      },
      1,
    );
    const endSecond = every(MS, () => told.push('second'), 1);
    jest.advanceTimersByTime(3 * MS);
    expect(told).toEqual(['first']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does what is to be done soon in one turn, in order, and what that asks for in the next', async () => {
    const errors = thrown();
    const done: string[] = [];
    NODE_CLOCK.soon(() => {
      done.push('a');
      NODE_CLOCK.soon(() => done.push('later'));
      throw new Error('a');
    });
    NODE_CLOCK.soon(() => done.push('b'));
    setImmediate(() => done.push('turn'));
    await nextTurn();
    expect(done).toEqual(['a', 'b', 'turn']);
    await nextTurn();
    expect(done).toEqual(['a', 'b', 'turn', 'later']);
    expect(errors).toHaveLength(1);
  });
});
