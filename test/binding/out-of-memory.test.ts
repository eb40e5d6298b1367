import { expect, it } from '@jest/globals';
import { runChild } from '../support/child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Other platforms cannot limit a process that runs.
(process.platform === 'linux' ? it : it.skip)(
  'a write without memory fails with a code, and harms no other',
  async () => {
    expect(await runChild('out-of-memory.mjs', [temporaryFolder()])).toEqual({
      code: 0,
      signal: null,
      stdout: 'RocksError ABORTED true\nRocksError ABORTED true\nvalue\n',
      stderr: '',
    });
  },
);
