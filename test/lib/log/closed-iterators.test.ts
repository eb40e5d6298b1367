// An iterator over the entries of a log whose storage is closed.

import { describe, expect, it } from '@jest/globals';
import { expectStorageError } from '../../support/storage-failures.js';
import { STORAGES } from '../../support/storages.js';

describe.each(STORAGES)('$name', ({ given }) => {
  it('gives no entry more once the storage is closed, also where it was read ahead', async () => {
    const log = await given((storage) => storage.appendEntries(['a', 'b', 'c']));
    const [begun, atItsEnd, notBegun] = [log.entries(0), log.entries(2), log.entries(0)];
    await begun.next();
    await atItsEnd.next();
    await (log as unknown as { close(): void | Promise<void> }).close();
    for (const iterator of [begun, atItsEnd, notBegun]) {
      await expectStorageError(async () => iterator.next(), 'CLOSED');
      expect(await iterator.next()).toMatchObject({ done: true });
    }
  });
});
