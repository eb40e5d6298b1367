// -0 passes for an index and for a number of a ballot; what comes back is 0, as of anything that was written to a disk.

import assert from 'node:assert/strict';
import type { Contract } from './contract.js';
import { observe } from './observe.js';

export function minusZero({ describe, it, given }: Contract): void {
  describe('-0', () => {
    it('as an index is 0', async () => {
      const log = await given(
        (log) => log.setDecidedIdx(-0),
        (log) => log.setCompactedIdx(-0),
        (log) => log.appendOnPrefix(-0, ['a']),
        (log) => log.trim(-0),
      );
      await log.compact(-0);
      const { bounds, logLen, decidedIdx, compactedIdx } = await observe(log);
      // Strict equality tells -0 from 0 here.
      assert.deepEqual(
        { bounds, logLen, decidedIdx, compactedIdx },
        { bounds: { first: 0, next: 1 }, logLen: 1, decidedIdx: 0, compactedIdx: 0 },
      );
      assert.deepEqual(await log.getEntries(-0, 1), ['a']);
      assert.equal(await log.appendOnPrefix(-0, []), 0);
      assert.deepEqual(await log.append([]), { from: 0, to: 0 });
    });

    it('in a ballot is 0', async () => {
      const zeros = { configId: 0, n: 0, priority: 0, pid: 0 };
      const log = await given((log) => log.setPromise({ configId: -0, n: -0, priority: -0, pid: -0 }));
      assert.deepEqual(await log.getPromise(), zeros);
    });
  });
}
