// A lost message shows by the one behind it. Where none comes, a follower can hold an entry, decided elsewhere, that it
// never hears of again: it then asks its leader for all that it lacks, as behind a new connection. (A leader has guard G6.)

import type { EngineView } from './packed-step.js';

export class StalledFollower {
  readonly #me: number;
  readonly #patience: number;
  #decidedIdx = -1;
  #ticks = 0;

  /** `patience` is in ticks. */
  constructor(me: number, patience: number) {
    this.#me = me;
    this.#patience = patience;
  }

  /** To be called at each tick. The leader to ask, where it is time to. */
  leaderToAsk({ currentLeader, acceptedIdx, decidedIdx }: EngineView): number | undefined {
    const follows = currentLeader?.inAcceptPhase && currentLeader.pid !== this.#me;
    if (!follows || acceptedIdx <= decidedIdx || this.#decidedIdx !== decidedIdx) {
      this.#decidedIdx = decidedIdx;
      this.#ticks = 0;
      return undefined;
    }
    if (++this.#ticks < this.#patience) return undefined;
    this.#ticks = 0;
    return currentLeader.pid;
  }
}
