// The child: a replica that appends every flight to its log. It goes on from what it finds there, and may be killed at any
// moment. Usage: replica.js <folder of the database>

import { Database, RocksdbStorage } from 'omnipaxos-rocksdb';
import { type Flight, readFlights } from '../flights.js';
import { type Acknowledgement, countByOrigin, type FlightCounts } from './protocol.js';

const MAX_BATCH = 40;
const COMPACT_EVERY = 1500;
const KEPT_BEHIND_DECIDED = 500;

const flights = readFlights();
const db = await Database.open(process.argv[2] as string, { columnFamilies: ['log'] });
const storage = RocksdbStorage.openIn<Flight, FlightCounts>(db, 'log');

type Told = Acknowledgement extends infer A ? (A extends unknown ? Omit<A, 'fsyncs'> : never) : never;
function acknowledge(told: Told): Promise<void> {
  const fsyncs = Number(db.property('rocksdb.dbstats/db.wal_syncs'));
  return new Promise((resolve) => process.send?.({ ...told, fsyncs }, () => resolve()));
}

// Each life is a new round: what was promised before must never be taken back.
const n = (storage.getPromise()?.n ?? 0) + 1;
const ballot = { configId: 1, n, priority: 0, pid: 1 };
storage.setPromise(ballot);
await acknowledge({ what: 'promise', n });
storage.setAcceptedRound(ballot);
await acknowledge({ what: 'acceptedRound', n });

for (let { next } = storage.getBounds(); next < flights.length; { next } = storage.getBounds()) {
  const size = 1 + Math.floor(Math.random() * MAX_BATCH);
  storage.appendEntries(flights.slice(next, next + size));
  const decided = storage.getBounds().next;
  await acknowledge({ what: 'appended', next: decided });
  storage.setDecidedIdx(decided);
  await acknowledge({ what: 'decided', idx: decided });

  if (decided - storage.getCompactedIdx() >= COMPACT_EVERY + KEPT_BEHIND_DECIDED) {
    const idx = decided - KEPT_BEHIND_DECIDED;
    const counts = storage.getSnapshot() ?? {};
    for (const [origin, count] of Object.entries(countByOrigin(storage.getEntries(storage.getCompactedIdx(), idx)))) {
      counts[origin] = (counts[origin] ?? 0) + count;
    }
    storage.compact(idx, counts);
    await acknowledge({ what: 'compacted', idx });
  }
}
await db.close();
process.send?.({ what: 'done', fsyncs: 0 } satisfies Acknowledgement, () => process.exit(0));
