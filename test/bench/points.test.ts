import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PLAN } from '../../bench/fsync/plan.js';
import { checkPlan, operationOf, pointsOf } from '../../bench/fsync/points.js';
import { PEER_NAMES } from '../../bench/shared/peers/index.js';
import { OPERATIONS } from '../../bench/shared/protocol.js';

const points = pointsOf({ ...DEFAULT_PLAN, peers: PEER_NAMES }, 'baseline');
const inGroup = (group: string) => points.filter(({ groups }) => (groups as string[]).includes(group));

describe('pointsOf', () => {
  it('measures nothing twice', () => {
    expect(new Set(points.map(({ id }) => id)).size).toBe(points.length);
    const one = points.find(({ id }) => id === 'storage append batch=1 inFlight=1 entryBytes=128');
    expect(one?.groups).toEqual(['side-by-side', 'batch', 'entry-size', 'operation', 'wal']);
  });

  it('sweeps over what the plan names', () => {
    expect(
      inGroup('batch')
        .map(({ batch }) => batch)
        .sort((a, b) => a - b),
    ).toEqual([1, 4, 16, 64, 256, 1024]);
    expect(inGroup('in-flight').every(({ contestant }) => contestant === 'async-storage')).toBe(true);
    expect(new Set(inGroup('entry-size').map(({ entryBytes }) => entryBytes))).toEqual(
      new Set(DEFAULT_PLAN.entryBytes),
    );
  });

  it('measures everything else with the first size of the plan', () => {
    const others = pointsOf({ ...DEFAULT_PLAN, entryBytes: [500, 64] }, 'baseline').filter(
      ({ entryBytes }) => entryBytes !== 500,
    );
    expect(others.map(({ groups }) => groups)).toEqual([['entry-size']]);
  });

  it('measures each operation as the storage does it and the other way round', () => {
    const all = inGroup('operation').map(operationOf);
    for (const operation of OPERATIONS) {
      const [mine, opposite] = all.filter((one) => one.operation === operation);
      expect([mine?.asStored, opposite?.asStored]).toEqual([true, false]);
      expect(mine?.synced).toBe(!opposite?.synced);
    }
    expect(all.filter(({ synced, asStored }) => synced && asStored).map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['promise', 'accepted-round', 'append-1', 'append-n']),
    );
  });

  it('gives a peer that blocks no window', () => {
    const windows = points.filter(({ contestant, inFlight }) => contestant === 'better-sqlite3' && inFlight > 1);
    expect(windows).toEqual([]);
    expect(points.filter(({ contestant }) => contestant === 'better-sqlite3')).toHaveLength(2);
  });

  it('combines two batch sizes with two windows', () => {
    expect(inGroup('batch-in-flight').map(({ batch, inFlight }) => [batch, inFlight])).toEqual([
      [16, 16],
      [16, 64],
      [64, 16],
      [64, 64],
    ]);
  });
});

describe('checkPlan', () => {
  it('takes the default plan', () => expect(() => checkPlan(DEFAULT_PLAN)).not.toThrow());

  it.each([
    ['a batch', { batch: [1024], entryBytes: [1_048_576] }],
    ['a window', { inFlight: [1024], entryBytes: [1_048_576] }],
    ['an entry', { entryBytes: [128, 2 ** 30] }],
    ['different entries', { batch: [1], inFlight: [1], entryBytes: [2 ** 21] }],
    ['a window of batches', { batch: [4096], inFlight: [4096] }],
  ])('refuses %s of more bytes than belong in memory', (_, given) => {
    const words = /^entries of [\d,]+ bytes, .+, take [\d,.]+ [MG]iB at once: at most 64 MiB may be taken/;
    expect(() => checkPlan({ ...DEFAULT_PLAN, ...given })).toThrow(words);
  });
});
