import type { LogIndex } from '../contract/storage.js';

/** How often peers are told how far this replica is, where that has changed. */
export const TELL_TICKS = 10;
/** And where it has not: what was told may have got lost. */
const TELL_AGAIN_TICKS = 100;

/** How far each peer is, as it has told, and what they were told last. */
export class PeerStandings {
  readonly #decided: Map<number, LogIndex | undefined>;
  #told: LogIndex | undefined;
  #ticks = 0;

  constructor(pids: readonly number[]) {
    this.#decided = new Map(pids.map((pid) => [pid, undefined]));
  }

  tell(pid: number, decidedIdx: LogIndex): void {
    if (this.#decided.has(pid)) this.#decided.set(pid, decidedIdx);
  }

  /** What `pid` lacks of the most that any replica is known to have decided, `own` included. */
  lag(pid: number, own: LogIndex): number | undefined {
    const told = this.#decided.get(pid);
    if (told === undefined) return undefined;
    const highest = Math.max(own, ...[...this.#decided.values()].map((decidedIdx = 0) => decidedIdx));
    return highest - told;
  }

  /** There is a new connection with a peer, which may not know a thing. */
  connected(): void {
    this.#told = undefined;
  }

  /** To be called at each tick: whether it is time to tell the peers of `own`. */
  isToTell(own: LogIndex): boolean {
    this.#ticks++;
    const isTime = this.#ticks % (own === this.#told ? TELL_AGAIN_TICKS : TELL_TICKS) === 0;
    if (isTime) this.#told = own;
    return isTime;
  }
}
