import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('a worker thread', () => {
  it.each([
    ['may be terminated while it writes', 'terminatedMidWrite'],
    ['may be terminated while it writes, blocking', 'terminatedMidBlockingWrite'],
    ['may be terminated amid every kind of work', 'terminatedMidEverything'],
    ['may be terminated while it opens', 'terminatedWhileOpening'],
    ['may exit without closing', 'exitsWithoutClosing'],
    ['may exit while the main thread goes on', 'exitsWhileTheMainThreadGoesOn'],
    ['may be the first to load the addon, and be gone', 'isTheFirstToLoad'],
    ['may be one of many, each with a database', 'manyAtOnce'],
    ['may be at work when the process exits', 'theProcessExitsAmidWorkers'],
    ['throws and rejects with RocksErrors of its own', 'errorsAreRocksErrors'],
  ])('%s', async (_, scenario) => {
    const ending = await runChild('workers.mjs', [scenario, join(temporaryFolder(), 'db')]);
    expect(ending).toEqual({ code: 0, signal: null, stdout: 'done\n', stderr: '' });
  });
});
