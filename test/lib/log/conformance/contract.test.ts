// The contract, as `storageSuite` gives it to users, on every storage of this package. The storages that are opened again
// meet each step in the state in which they are just opened: they know the two ends of their log and not what lies between.

import { describe, expect, it } from '@jest/globals';
import type { Step } from '../../../../lib/testing/storage-suite/contract.js';
import { registerContract } from '../../../../lib/testing/storage-suite/parts.js';
import { STORAGES } from '../../../support/storages.js';

describe.each(STORAGES)('$name', ({ givenWith }) => {
  registerContract({ describe, it, given: (...steps: Step[]) => givenWith<unknown, unknown>({}, ...steps) });
});

describe.each(STORAGES)('$name', ({ given }) => {
  it('keeps bytes as a snapshot', async () => {
    const log = await given((log) => log.setSnapshot(Uint8Array.of(1, 2, 3)));
    expect(await log.getSnapshot()).toEqual(Uint8Array.of(1, 2, 3));
  });
});
