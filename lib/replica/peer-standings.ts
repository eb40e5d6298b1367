import type { LogIndex } from '../contract/storage.js';

/** How far each peer is, as it has told. */
export class PeerStandings {
  readonly #decided: Map<number, LogIndex | undefined>;

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
}
