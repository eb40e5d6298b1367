import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Generous: each grows by less than a tenth of it, and 100,000 of what is dropped would hold far more.
const BOUND_MIB = 300;

describe('memory', () => {
  it.each([
    ['100,000 batches that are never cleared', 'batches'],
    ['100,000 iterators that are begun and never ended', 'iterators'],
    ['100,000 iterators that are never begun', 'iteratorsNeverBegun'],
    ['100,000 asynchronous writes', 'writes'],
    ['100,000 rows and more, read in every way', 'reads'],
    ['60,000 calls that fail', 'errors'],
  ])('is bounded over %s', async (_, scenario) => {
    const ending = await runChild('memory.mjs', [scenario, join(temporaryFolder(), 'db')]);
    expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(Number(ending.stdout)).toBeLessThan(BOUND_MIB);
  });
});
