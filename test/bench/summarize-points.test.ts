import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PLAN } from '../../bench/fsync/plan.js';
import { pointsOf } from '../../bench/fsync/points.js';
import { summarizePoints } from '../../bench/fsync/summarize-points.js';
import type { TurnSample } from '../../bench/shared/lineup.js';
import type { Percentiles } from '../../bench/shared/protocol.js';

const points = pointsOf(DEFAULT_PLAN, 'baseline');
const APPEND_64 = 'storage append batch=64 inFlight=1 entryBytes=128';
const TRIM = 'storage operation-trim batch=64 inFlight=1 entryBytes=128';

const latencyUs = (us: number): Percentiles => ({
  p10: us,
  p25: us,
  p50: us,
  p75: us,
  p90: us,
  p99: us,
  'p99.9': us,
  max: us,
});

function sample(us: number, given: Partial<TurnSample> = {}): TurnSample {
  return { entries: 640, seconds: 0.1, latencyUs: latencyUs(us), ...given };
}

function summarized(id: string, ...samples: TurnSample[]) {
  const [only, ...others] = summarizePoints(points, new Map([[id, samples]]));
  expect(others).toEqual([]);
  return only;
}

describe('summarizePoints', () => {
  it('gives for each figure the median, the extremes and the middle half of the repeats', () => {
    const point = summarized(APPEND_64, sample(300), sample(100), sample(200), sample(500), sample(400));
    expect(point?.latencyUs.p50).toEqual({ median: 300, min: 100, max: 500, lowerQuartile: 200, upperQuartile: 400 });
    expect(point?.entriesPerSecond.median).toBeCloseTo(6400);
    expect(point).toMatchObject({ repeats: 5, calls: 50, batch: 64 });
  });

  it('relates fsyncs and written bytes to the entries', () => {
    const point = summarized(APPEND_64, sample(1, { fsyncs: 10, writtenBytes: 640 * 128 * 2 }));
    expect(point?.fsyncsPerSecond?.median).toBeCloseTo(100);
    expect(point?.entriesPerFsync?.median).toBe(64);
    expect(point?.writtenBytesPerEntryByte?.median).toBe(2);
  });

  it('leaves out what not every repeat knows, and what has no entries', () => {
    expect(summarized(APPEND_64, sample(1, { fsyncs: 1 }), sample(1))).not.toHaveProperty('fsyncsPerSecond');
    expect(summarized(TRIM, sample(1, { writtenBytes: 100 }))).not.toHaveProperty('writtenBytesPerEntryByte');
    const unsynced = 'storage opposite-append-n batch=64 inFlight=1 entryBytes=128';
    expect(summarized(unsynced, sample(1, { writtenBytes: 100 }))).not.toHaveProperty('writtenBytesPerEntryByte');
    expect(summarized(TRIM, sample(1))?.calls).toBe(640);
  });

  it('is steady only if every repeat was', () => {
    expect(
      summarized(APPEND_64, sample(1, { walRecycled: true }), sample(1, { walRecycled: false }))?.walRecycled,
    ).toBe(false);
    expect(summarized(APPEND_64, sample(1, { walRecycled: true }))?.walRecycled).toBe(true);
    expect(summarized(APPEND_64, sample(1))).not.toHaveProperty('walRecycled');
  });
});
