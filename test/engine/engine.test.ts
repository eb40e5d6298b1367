// The engine's own tests, which cargo builds and runs: its guards, and bytes at random into live engines.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const ENGINE = fileURLToPath(new URL('../../engine', import.meta.url));
/** A first run compiles the engine once more, for its tests. */
const PATIENCE_MS = 600_000;

it(
  'the tests of the engine pass',
  async () => {
    const args = ['test', '--locked', '--no-default-features', '--target-dir', 'target'];
    const { stdout } = await promisify(execFile)('cargo', args, { cwd: ENGINE });
    expect(stdout.match(/^test .* \.\.\. ok$/gm)?.length).toBeGreaterThan(5);
  },
  PATIENCE_MS,
);
