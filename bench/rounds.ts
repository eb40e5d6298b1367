// Runs all turns round by round, so that a slow minute of the machine hits every contestant alike.

import { type ContestantName, entrantOf, whyAbsent } from './launches.js';
import { Lineup, type TurnSample } from './shared/lineup.js';
import type { Hello } from './shared/protocol.js';
import { TURN_NAMES, TURNS, type Turn, type TurnName } from './turns.js';

export interface Plan {
  rounds: number;
  /** Of one turn. */
  turnMs: number;
}

export interface Results {
  /** One sample a round. Turns of a contestant that could not take part are missing. */
  samples: Partial<Record<TurnName, TurnSample[]>>;
  contestants: Partial<Record<ContestantName, Hello>>;
  /** Why a contestant could not take part. */
  absent: Partial<Record<ContestantName, string>>;
}

/** Called before each step, when `done` of `total` steps are over. */
export type OnProgress = (done: number, total: number, what: string) => void;

export async function runRounds(folder: string, { rounds, turnMs }: Plan, onProgress: OnProgress): Promise<Results> {
  const results: Results = { samples: {}, contestants: {}, absent: {} };
  const names = [...new Set(TURN_NAMES.map((turn) => TURNS[turn].contestant))];
  for (const name of names) {
    const reason = whyAbsent(name);
    if (reason !== undefined) results.absent[name] = reason;
  }
  const present = names.filter((name) => results.absent[name] === undefined);
  const turns = TURN_NAMES.filter((turn) => present.includes(TURNS[turn].contestant));

  let done = 0;
  const total = present.length + turns.length * (1 + rounds);
  await using lineup = new Lineup<ContestantName>(folder);
  for (const name of present) {
    onProgress(done++, total, `warming up ${name}`);
    results.contestants[name] = await lineup.add(name, entrantOf(name));
  }
  // Round 0 is not counted: it compiles code and fills caches. Every other round runs backwards, so that a
  // machine that slows down steadily favours nobody.
  for (let round = 0; round <= rounds; round++) {
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      const { contestant, who, what, work, numbers }: Turn = TURNS[turn];
      onProgress(done++, total, `round ${round} of ${rounds}: ${who}, ${what}`);
      const sample = await lineup.take(contestant, work, { ...numbers, ms: turnMs });
      if (round === 0) continue;
      results.samples[turn] ??= [];
      results.samples[turn].push(sample);
    }
  }
  onProgress(total, total, 'done');
  return results;
}
