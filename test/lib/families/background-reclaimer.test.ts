// When space is given back, with the work itself played by the test: a wake-up is never lost, whenever it comes.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BackgroundReclaimer } from '../../../lib/families/background-reclaimer.js';

/** Until nothing is under way that waits for promises alone. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What one run of the work does: how many promises it waits for, and how it ends. */
interface Run {
  awaits: number;
  ends: 'well' | 'with an error' | 'with an error at once';
}

const runs = fc.array(
  fc.record({
    awaits: fc.nat(4),
    ends: fc.constantFrom<Run['ends']>('well', 'with an error', 'with an error at once'),
  }),
  { minLength: 1, maxLength: 4 },
);
/** Microtasks between one wake-up and the next: a run, its end and what follows take about ten. */
const pauses = fc.array(fc.nat(12), { maxLength: 8 });

describe('a wake-up', () => {
  it('is followed by a run that begins after it, and no two runs are under way at once', async () => {
    await fc.assert(
      fc.asyncProperty(runs, pauses, async (kinds, gaps) => {
        let wakings = 0;
        let begun = 0;
        let running = 0;
        let most = 0;
        /** How many wake-ups there had been when the last run began. */
        let seen = 0;
        const reclaimer = new BackgroundReclaimer(() => {
          const { awaits, ends } = kinds[begun++ % kinds.length] as Run;
          seen = wakings;
          if (ends === 'with an error at once') throw new Error('at once');
          const work = async () => {
            most = Math.max(most, ++running);
            for (let i = 0; i < awaits; i++) await undefined;
            running--;
            if (ends === 'with an error') throw new Error('later');
          };
          return work();
        });
        const wake = () => {
          wakings++;
          reclaimer.wake();
        };
        wake();
        for (const gap of gaps) {
          for (let i = 0; i < gap; i++) await undefined;
          wake();
        }
        await settled();
        expect(seen).toBe(wakings);
        expect(begun).toBeLessThanOrEqual(wakings);
        expect(most).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([...Array(15).keys()])('is not lost %i promises after the one before', async (gap) => {
    let begun = 0;
    const reclaimer = new BackgroundReclaimer(async () => {
      begun++;
      await undefined;
    });
    reclaimer.wake();
    for (let i = 0; i < gap; i++) await undefined;
    reclaimer.wake();
    await settled();
    expect(begun).toBe(2);
  });

  it('while a run is under way leads to one more, however many there are', async () => {
    let begun = 0;
    let goOn = () => {};
    const reclaimer = new BackgroundReclaimer(async () => {
      begun++;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    });
    for (let i = 0; i < 5; i++) reclaimer.wake();
    expect(begun).toBe(1);
    for (const expected of [2, 2]) {
      goOn();
      await settled();
      expect(begun).toBe(expected);
    }
  });
});

describe('a run that fails', () => {
  it('is noted and not repeated by itself; the next wake-up tries again', async () => {
    const failures: unknown[] = [new Error('the first'), new Error('the second')];
    let begun = 0;
    const reclaimer = new BackgroundReclaimer(async () => {
      const failure = failures[begun++];
      if (failure !== undefined) throw failure;
    });
    for (const failure of [...failures, undefined]) {
      reclaimer.wake();
      await settled();
      expect(reclaimer.lastFailure).toBe(failure);
    }
    expect(begun).toBe(3);
  });
});
