// Reopens the log that a killed replica left behind and compares it with what was acknowledged.

import { isDeepStrictEqual } from 'node:util';
import { Database, RocksdbStorage } from 'omnipaxos-rocksdb';
import type { Flight } from '../flights.js';
import { countByOrigin, type FlightCounts } from './protocol.js';

/** The furthest that the replica has acknowledged, in all its lives. */
export interface Acknowledged {
  promise: number;
  acceptedRound: number;
  next: number;
  decided: number;
  compacted: number;
}

export interface Recovered {
  /** Where the next append would land. Every flight before it is there. */
  next: number;
  /** How many acknowledged flights are gone or changed. */
  lost: number;
  /** Anything else that is not as it was acknowledged, in words. */
  violations: string[];
}

export async function check(path: string, flights: readonly Flight[], acknowledged: Acknowledged): Promise<Recovered> {
  const db = await Database.open(path, { columnFamilies: ['log'] });
  try {
    const storage = RocksdbStorage.openIn<Flight, FlightCounts>(db, 'log');
    const { first, next } = storage.getBounds();
    const floor = storage.getCompactedIdx();
    const violations: string[] = [];
    const atLeast = (what: string, found: number, promised: number) => {
      if (found < promised) violations.push(`${what} went back from ${promised} to ${found}`);
    };
    atLeast('the promise', storage.getPromise()?.n ?? 0, acknowledged.promise);
    atLeast('the accepted round', storage.getAcceptedRound()?.n ?? 0, acknowledged.acceptedRound);
    atLeast('the decided index', storage.getDecidedIdx(), acknowledged.decided);
    atLeast('the compaction floor', floor, acknowledged.compacted);
    if (first !== floor) violations.push(`the log starts at ${first}, its floor is ${floor}`);

    // Entries below the floor live on in the snapshot.
    const snapshotIsRight = isDeepStrictEqual(storage.getSnapshot() ?? {}, countByOrigin(flights.slice(0, floor)));
    if (!snapshotIsRight) violations.push(`the snapshot is not that of the first ${floor} flights`);
    const entries = storage.getSuffix(floor);
    let lost = snapshotIsRight ? 0 : floor;
    for (let idx = floor; idx < Math.max(next, acknowledged.next); idx++) {
      if (isDeepStrictEqual(entries[idx - floor], flights[idx])) continue;
      if (idx < acknowledged.next) lost++;
      else violations.push(`the flight at ${idx} is not the one that was appended there`);
    }
    return { next, lost, violations };
  } finally {
    await db.close();
  }
}
