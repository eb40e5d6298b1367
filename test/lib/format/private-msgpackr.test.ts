import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../../support/child.js';

const fixture = fileURLToPath(new URL('fixtures/others-extend-msgpackr.mjs', import.meta.url));

describe('msgpackCodec', () => {
  // In a child: jest gives all modules of a test the same copy of msgpackr.
  it('is not changed by what others register with msgpackr, nor changes theirs', async () => {
    const { stdout, stderr } = await runChild(fixture, []);
    expect(stderr).toBe('');
    expect(stdout).toBe('true true true\nof another of another\n');
  });
});
