import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteBudget } from '../../../lib/replica/byte-budget.js';

describe('a byte budget', () => {
  it('lets go in order, and no more than what has come in and one that it was enough to begin with', async () => {
    const acts = fc.array(fc.oneof(fc.constant('tick'), fc.integer({ min: 1, max: 500 })), { maxLength: 100 });
    const run = fc.asyncProperty(fc.integer({ min: 1, max: 300 }), acts, async (perTick, all) => {
      const budget = new ByteBudget(perTick);
      const asked: number[] = [];
      const gone: number[] = [];
      let ticks = 1;
      for (const act of all) {
        if (typeof act === 'number') {
          asked.push(act);
          budget.take(act).then(() => gone.push(act));
        } else {
          budget.tick();
          ticks++;
        }
        await Promise.resolve();
        const before = gone.slice(0, -1).reduce((sum, bytes) => sum + bytes, 0);
        expect(before).toBeLessThan(Math.max(1, perTick * ticks));
        expect(gone).toEqual(asked.slice(0, gone.length));
      }
      // Nobody waits for ever.
      while (gone.length < asked.length) {
        budget.tick();
        await Promise.resolve();
      }
    });
    await fc.assert(run, { numRuns: 100 });
  });

  it('does not save up', async () => {
    const budget = new ByteBudget(100);
    for (let i = 0; i < 10; i++) budget.tick();
    let gone = 0;
    for (let i = 0; i < 5; i++) budget.take(50).then(() => gone++);
    await Promise.resolve();
    expect(gone).toBe(2);
  });

  it('holds nobody once it is closed', async () => {
    const budget = new ByteBudget(1);
    const all = [10, 10, 10].map((bytes) => budget.take(bytes));
    budget.close();
    await Promise.all(all);
    await budget.take(10);
  });
});
