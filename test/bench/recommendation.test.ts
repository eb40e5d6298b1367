import { describe, expect, it } from '@jest/globals';
import { recommend } from '../../bench/fsync/recommendation.js';
import type { PointReport } from '../../bench/fsync/report.js';
import { always, percentiles, pointReport } from '../support/bench-points.js';

function blocking(batch: number, entriesPerSecond: number, p99Us: number): PointReport {
  return pointReport({
    batch,
    entriesPerSecond: always(entriesPerSecond),
    latencyUs: percentiles(() => always(p99Us)),
  });
}

function async(inFlight: number, batch: number, entriesPerSecond: number, p99Us: number): PointReport {
  return {
    ...blocking(batch, entriesPerSecond, p99Us),
    id: `async-storage append ${batch} ${inFlight}`,
    contestant: 'async-storage',
    inFlight,
    groups: [batch === 1 ? 'in-flight' : 'batch-in-flight'],
  };
}

describe('recommend', () => {
  const points = [
    blocking(1, 5_000, 300),
    blocking(64, 200_000, 900),
    async(64, 1, 150_000, 800),
    async(64, 64, 900_000, 5_000),
    async(1024, 1, 400_000, 20_000),
  ];

  it('names the batch and the window with the most entries a second within the budget', () => {
    const { best, blocking: blocks, text } = recommend(points, 10);
    expect(best).toEqual({
      id: 'async-storage append 64 64',
      batch: 64,
      inFlight: 64,
      entriesPerSecond: 900_000,
      p99Us: 5_000,
    });
    expect(blocks?.batch).toBe(64);
    expect(text).toEqual([
      'For a p99 within 10 ms, AsyncRocksdbStorage with 64 × appendEntries of 64 in flight gives the most: 900,000 entries/s ' +
        'at a p99 of 5 ms, 180 times one at a time.',
      'Where calls may block, RocksdbStorage with appendEntries of 64 gives the most: 200,000 entries/s at a p99 of 900 µs.',
    ]);
  });

  it('keeps to a small budget', () => {
    const { best, async: waits, text } = recommend(points, 1);
    expect([best?.id, waits?.id]).toEqual(['storage append 64 1', 'async-storage append 1 64']);
    expect(text[1]).toMatch(/^Where the event loop must not wait, AsyncRocksdbStorage with 64 × appendEntry in flight/);
  });

  it('prefers the smaller of two that give about the same', () => {
    expect(recommend([blocking(64, 198_000, 500), blocking(256, 200_000, 600)], 10).best?.batch).toBe(64);
    expect(recommend([blocking(64, 150_000, 500), blocking(256, 200_000, 600)], 10).best?.batch).toBe(256);
  });

  it('says what comes closest where nothing keeps to the budget', () => {
    const { best, text } = recommend(points, 0.1);
    expect(best).toBeUndefined();
    expect(text).toEqual([
      expect.stringMatching(/^Nothing that was measured keeps its p99 within 0.1 ms: RocksdbStorage/),
    ]);
    expect(text[0]).toContain('a p99 of 300 µs');
  });

  it('advises nothing from nothing', () => {
    expect(recommend([], 10)).toEqual({ budgetMs: 10, text: ['Too little was measured to advise anything.'] });
  });

  it('leaves out what is no append of this storage', () => {
    expect(
      recommend([pointReport({ groups: ['operation'] }), pointReport({ groups: ['side-by-side'] })], 10).best,
    ).toBeUndefined();
  });
});
