import { alone, SharedTimer } from './shared-timer.js';

/** What makes a started runner go on. */
export interface Clock {
  /**
   * Calls `tick` again and again. Returns what ends it. Of those that do something each `period` ticks, a clock may have all
   * begin so that they do it together.
   */
  every(ms: number, tick: () => void, period: number): () => void;
  /** Calls `work` once all that has come in together is there. */
  soon(work: () => void): void;
}

const timers = new Map<number, SharedTimer>();
let soon: (() => void)[] = [];

/** All that tick alike in this process share one timer. */
export const NODE_CLOCK: Clock = {
  every(ms, tick, period) {
    const timer = timers.get(ms) ?? new SharedTimer(ms, () => timers.delete(ms));
    timers.set(ms, timer);
    return timer.join(tick, period);
  },
  /** Together: what they write then joins one group, with one fsync, and what they send goes out as one. */
  soon(work) {
    if (soon.push(work) === 1) setImmediate(doSoon);
  },
};

function doSoon(): void {
  const works = soon;
  soon = [];
  for (const work of works) alone(work);
}
