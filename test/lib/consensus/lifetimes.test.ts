import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../../support/child.js';

const FIXTURE = fileURLToPath(new URL('./fixtures/lifetimes.mjs', import.meta.url));

describe('a replica', () => {
  it('that is forgotten gives its memory back', async () => {
    const ending = await runChild(FIXTURE, ['memory'], { nodeArguments: ['--expose-gc'] });
    expect(ending).toEqual({ code: 0, signal: null, stdout: 'given back\n', stderr: '' });
  });

  it('in a worker that is terminated in the middle of a step leaves the process as it was', async () => {
    const ending = await runChild(FIXTURE, ['workers']);
    expect(ending).toEqual({ code: 0, signal: null, stdout: 'alive\n', stderr: '' });
  });
});
