// The calls of a storage one by one.

import type { Ballot, RocksdbStorage } from '../../../lib/index.js';
import { appendBlocking } from '../../shared/blocking-appends.js';
import type { Numbers } from '../../shared/contestant.js';
import { measureBlocking, measurePrepared } from '../../shared/measure.js';
import type { Operation, Sample } from '../../shared/protocol.js';
import { rawEntries } from '../../shared/raw-entries.js';

/** Of the snapshot that `compact` stores. */
export const SNAPSHOT_BYTES = 64 * 1024;

/** `syncAll` makes durable what was written before it, so that a timed call pays only for itself. */
export function measureOperation(
  operation: Operation,
  storage: RocksdbStorage<Uint8Array, Uint8Array>,
  numbers: Numbers,
  syncAll: () => void,
): Sample {
  const { ms, batch, entryBytes } = numbers;
  let n = 0;
  const ballot = (): Ballot => ({ configId: 1, n: n++ % 2 ** 32, priority: 0, pid: 1 });
  const entries = rawEntries(batch, entryBytes);
  const fill = () => {
    storage.appendEntries(entries);
    syncAll();
  };
  switch (operation) {
    case 'promise':
      return measureBlocking(ms, 1, () => storage.setPromise(ballot()));
    case 'accepted-round':
      return measureBlocking(ms, 1, () => storage.setAcceptedRound(ballot()));
    case 'append-1':
    case 'append-n':
      return appendBlocking(storage, rawEntries, numbers);
    case 'decided-index':
      return measureBlocking(ms, 1, () => storage.setDecidedIdx(n++));
    case 'trim':
      return measurePrepared(ms, 1, fill, () => storage.trim(storage.getBounds().next));
    case 'compact': {
      const [snapshot] = rawEntries(1, SNAPSHOT_BYTES) as [Buffer];
      const fillAndDecide = () => {
        storage.appendEntries(entries);
        storage.setDecidedIdx(storage.getBounds().next);
        syncAll();
      };
      return measurePrepared(ms, 1, fillAndDecide, () => storage.compact(storage.getBounds().next, snapshot));
    }
  }
}
