// Proposals to a leader, and how long each took until it showed as decided.

import { setTimeout as wait } from 'node:timers/promises';
import Denque from 'denque';
import type { PaxosRunner } from '../../lib/consensus/index.js';
import type { Numbers } from '../shared/contestant.js';
import { Latencies } from '../shared/measure.js';
import type { Sample } from '../shared/protocol.js';
import { cycle, DIFFERENT_ENTRIES, rawEntries } from '../shared/raw-entries.js';

/** For an election, or for what is under way at the end of a turn. */
const LONGEST_WAIT_MS = 10_000;
const POLL_MS = 5;

/** Asks `isThere` again and again until it gives something. @throws where that takes too long */
export async function waitUntil<T>(isThere: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const end = performance.now() + LONGEST_WAIT_MS;
  while (performance.now() < end) {
    const found = await isThere();
    if (found !== undefined) return found;
    await wait(POLL_MS);
  }
  throw new Error(what);
}

/** Keeps `inFlight` proposals under way: each that the leader shows as decided is followed by the next. */
export async function proposeTo(
  leader: PaxosRunner<Uint8Array>,
  { ms, batch, inFlight, entryBytes }: Numbers,
): Promise<Sample> {
  const next = cycle(rawEntries(DIFFERENT_ENTRIES, entryBytes));
  const signal = AbortSignal.timeout(ms + LONGEST_WAIT_MS);
  const decided = leader.decidedBatches(leader.decidedIdx, { signal });
  const latencies = new Latencies(ms);
  /** When each of those under way was proposed, in their order. */
  const begun = new Denque<number>();
  const propose = (now: number) => {
    begun.push(now);
    leader.append(next());
  };
  for (let i = batch * inFlight; i > 0; i--) propose(performance.now());
  try {
    for await (const batch of decided) {
      const now = performance.now();
      const count = 'entries' in batch ? batch.entries.length : 0;
      for (let i = 0; i < count; i++) if (latencies.add(begun.shift() as number, now)) propose(now);
      if (begun.isEmpty()) break;
    }
  } catch (error) {
    // Where the lead has moved, proposals may be lost: the sample says so.
    if (!signal.aborted) throw error;
  }
  return latencies.sample;
}
