// Runs all points round by round until the time is over, so that a slow minute of the machine hits every point alike. The
// first counted round is always finished: on a slow disk a whole report that is late is worth more than a part of one.

import { Lineup, type TurnSample } from '../shared/lineup.js';
import { PEER_NAMES } from '../shared/peers/index.js';
import type { Hello } from '../shared/protocol.js';
import { type ContestantName, entrantOf } from './entrants.js';
import type { Point } from './points.js';

/** Counted rounds. There are more if time is left even though turns are as long as they may be. */
export const ROUNDS = 5;
/** The share of the whole time that one contestant may take to reach its steady state. */
const WARM_UP_SHARE = 0.03;
/** The share of the whole time that round 0 may take. */
const ROUND_0_SHARE = 0.08;
const SHORTEST_TURN_MS = 10;
/** A turn's bytes stay on the disk until the turn is over. */
const LONGEST_TURN_MS = 500;

export interface Results {
  /** By the id of the point, one sample a round. */
  samples: Map<string, TurnSample[]>;
  contestants: Partial<Record<ContestantName, Hello>>;
  /** Why a peer did not take part. */
  absent: Partial<Record<ContestantName, string>>;
}

export interface Run {
  folder: string;
  points: readonly Point[];
  /** On the clock of performance.now(). */
  endsAt: number;
  /** Ends the run at once. What has been measured is kept. */
  signal: AbortSignal;
  onProgress: (what: string) => void;
  diskWrites: () => number | undefined;
}

export async function runRounds(run: Run): Promise<Results> {
  const results: Results = { samples: new Map(), contestants: {}, absent: {} };
  const warmUpMs = (run.endsAt - performance.now()) * WARM_UP_SHARE;
  await using lineup = new Lineup<ContestantName>(run.folder, { warmUpMs, diskWrites: run.diskWrites });
  const end = () => lineup.kill();
  run.signal.addEventListener('abort', end);
  try {
    await startAll(run, lineup, results);
    await measureAll(run, lineup, results);
  } catch (error) {
    if (!run.signal.aborted) throw error;
  } finally {
    run.signal.removeEventListener('abort', end);
  }
  return results;
}

async function startAll({ points, signal, onProgress }: Run, lineup: Lineup<ContestantName>, results: Results) {
  for (const name of new Set(points.map(({ contestant }) => contestant))) {
    signal.throwIfAborted();
    onProgress(`warming up ${name}`);
    try {
      results.contestants[name] = await lineup.add(name, entrantOf(name));
    } catch (error) {
      missPeer(name, error, results, signal);
    }
  }
}

async function measureAll(
  { points, endsAt, signal, onProgress }: Run,
  lineup: Lineup<ContestantName>,
  results: Results,
) {
  const present = () => points.filter(({ contestant }) => results.absent[contestant] === undefined);
  let turnMs = turnOf(((endsAt - performance.now()) * ROUND_0_SHARE) / present().length);
  // Round 0 is not counted: it compiles code, fills caches, and shows how much longer than its own time a turn takes. Every
  // other round runs backwards, so that a machine that slows down steadily favours nobody.
  for (let round = 0; round <= ROUNDS || turnMs === LONGEST_TURN_MS; round++) {
    const roundStart = performance.now();
    const turns = round % 2 === 1 ? present() : present().reverse();
    for (const { id, contestant, who, what, work, batch, inFlight, entryBytes } of turns) {
      if (results.absent[contestant] !== undefined) continue;
      if (round > 1 && performance.now() + turnMs > endsAt) return;
      signal.throwIfAborted();
      onProgress(`${round === 0 ? 'trial round' : `round ${round}`}: ${who}, ${what}`);
      try {
        const sample = await lineup.take(contestant, work, { batch, inFlight, entryBytes, ms: Math.round(turnMs) });
        if (round > 0) results.samples.set(id, [...(results.samples.get(id) ?? []), sample]);
      } catch (error) {
        missPeer(contestant, error, results, signal);
      }
    }
    const overheadMs = performance.now() - roundStart - turns.length * turnMs;
    const perRoundMs = (endsAt - performance.now()) / Math.max(1, ROUNDS - round);
    turnMs = turnOf((perRoundMs - overheadMs) / turns.length);
  }
}

function turnOf(ms: number): number {
  return Math.min(LONGEST_TURN_MS, Math.max(SHORTEST_TURN_MS, ms));
}

/** A peer that fails is left out, and the report says so. If a contestant of this project fails, so does the run. */
function missPeer(name: ContestantName, error: unknown, results: Results, signal: AbortSignal): void {
  if (signal.aborted || !(PEER_NAMES as readonly string[]).includes(name)) throw error;
  results.absent[name] = error instanceof Error ? error.message.replace(`${name}: `, '') : String(error);
}
