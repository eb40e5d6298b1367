import { describe, expect, it } from '@jest/globals';
import {
  measureBlocking,
  measureInFlight,
  measurePrepared,
  measureTurns,
  watchingLoop,
} from '../../bench/shared/measure.js';

function busy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('measureBlocking', () => {
  it('calls at least once, and counts the entries of every call', () => {
    let calls = 0;
    const { entries } = measureBlocking(0, 7, () => calls++);
    expect({ calls, entries }).toEqual({ calls: 1, entries: 7 });
    expect(measureBlocking(5, 7, () => calls++).entries).toBe((calls - 1) * 7);
  });

  it('gives percentiles in microseconds, none above the next', () => {
    const { latencyUs, seconds } = measureBlocking(20, 1, () => busy(2));
    const rising = Object.values(latencyUs);
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(latencyUs.p10).toBeGreaterThanOrEqual(1990); // three digits are kept
    expect(seconds).toBeGreaterThanOrEqual(0.02);
  });

  it('names the bytes written where the system tells', () => {
    const { writtenBytes } = measureBlocking(0, 1, () => {});
    expect(writtenBytes).toBe(process.platform === 'linux' ? 0 : undefined);
  });
});

describe('measurePrepared', () => {
  it('prepares each call, and does not count the time that it takes', () => {
    const order: string[] = [];
    const prepare = () => {
      order.push('prepare');
      busy(2);
    };
    const start = performance.now();
    const { entries, seconds } = measurePrepared(10, 1, prepare, () => order.push('call'));
    expect(order.join(' ')).toMatch(/^(prepare call ?)+$/);
    expect(entries).toBe(order.length / 2);
    expect(seconds * 1000).toBeLessThanOrEqual(performance.now() - start - entries * 2);
  });
});

describe('measureTurns', () => {
  it('lets the event loop turn after so many calls', async () => {
    const callsAtTurns: number[] = [];
    let calls = 0;
    const look = setInterval(() => callsAtTurns.push(calls), 0);
    const { entries } = await measureTurns(100, 4, 1, () => {
      calls++;
      busy(1);
    });
    clearInterval(look);
    expect(entries).toBe(calls);
    expect(callsAtTurns.length).toBeGreaterThan(1);
    expect(callsAtTurns.every((seen) => seen % 4 === 0)).toBe(true);
  });
});

describe('measureInFlight', () => {
  it('keeps so many calls under way, never more', async () => {
    let underWay = 0;
    let most = 0;
    const { entries } = await measureInFlight(20, 5, 3, async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 1));
      underWay--;
    });
    expect({ most, underWay }).toEqual({ most: 5, underWay: 0 });
    expect(entries % 3).toBe(0);
    expect(entries).toBeGreaterThanOrEqual(5 * 3);
  });

  it('rejects where a call does', async () => {
    await expect(measureInFlight(0, 2, 1, () => Promise.reject(new Error('full')))).rejects.toThrow('full');
  });
});

describe('watchingLoop', () => {
  it('sees how long the loop was blocked', async () => {
    const { loopDelayUs } = await watchingLoop(() => measureTurns(100, 1, 1, () => busy(20)));
    expect(loopDelayUs?.max).toBeGreaterThan(15_000);
  });
});
