// Runs all turns of a suite round by round, so that a slow minute of the machine hits every contestant alike.

import { Lineup } from './shared/lineup.js';
import { type Plan, type Results, type Suite, turnOf } from './suite.js';

/** Called before each step, when `done` of `total` steps are over. */
export type OnProgress = (done: number, total: number, what: string) => void;

export async function runRounds(
  suite: Suite,
  folder: string,
  { rounds, turnMs, leadInMs = 0 }: Plan,
  onProgress: OnProgress,
): Promise<Results> {
  const results: Results = { samples: {}, contestants: {}, absent: {} };
  const turnNames = Object.keys(suite.turns);
  const names = [...new Set(turnNames.map((turn) => turnOf(suite, turn).contestant))];
  for (const name of names) {
    const reason = suite.whyAbsent(name);
    if (reason !== undefined) results.absent[name] = reason;
  }
  const present = names.filter((name) => results.absent[name] === undefined);
  const turns = turnNames.filter((turn) => present.includes(turnOf(suite, turn).contestant));

  let done = 0;
  const total = present.length + turns.length * (1 + rounds);
  await using lineup = new Lineup<string>(folder);
  for (const name of present) {
    onProgress(done++, total, `warming up ${name}`);
    results.contestants[name] = await lineup.add(name, suite.entrantOf(name));
  }
  // Round 0 is not counted: it compiles code and fills caches. Every other round runs backwards, so that a
  // machine that slows down steadily favours nobody.
  for (let round = 0; round <= rounds; round++) {
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      const { contestant, who, what, work, numbers } = turnOf(suite, turn);
      onProgress(done++, total, `round ${round} of ${rounds}: ${who}, ${what}`);
      // What is killed has no lead-in that would last.
      if (leadInMs > 0 && work !== 'kill') await lineup.take(contestant, work, { ...numbers, ms: leadInMs });
      const sample = await lineup.take(contestant, work, { ...numbers, ms: turnMs });
      if (round === 0) continue;
      results.samples[turn] ??= [];
      results.samples[turn].push(sample);
    }
  }
  onProgress(total, total, 'done');
  return results;
}
