import { Changes } from './changes.js';
import { isSameLeadership, type LeadershipState } from './leadership.js';
import { PagedIterator, type PageReader } from './paged-iterator.js';

/** Whom a replica takes for the leader, told to any number of readers: a slow one sees the latest only. */
export class LeadershipWatch {
  readonly #changes = new Changes();
  #state: LeadershipState = { role: 'unknown' };
  #end: { error: Error | undefined } | undefined;

  get state(): LeadershipState {
    return { ...this.#state };
  }

  tell(state: LeadershipState): void {
    if (isSameLeadership(state, this.#state)) return;
    this.#state = state;
    this.#changes.tell();
  }

  /** Readers throw `error`, or end where there is none. */
  end(error: Error | undefined): void {
    this.#end = { error };
    this.#changes.tell();
  }

  /** The current state first, then each change. `signal` ends it. */
  read(signal: AbortSignal | undefined): AsyncIterableIterator<LeadershipState> {
    return new PagedIterator((ended) => this.#pages(ended), signal);
  }

  async *#pages(ended: AbortSignal): ReturnType<PageReader<LeadershipState>> {
    let seen: LeadershipState | undefined;
    while (!ended.aborted) {
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      }
      const state = this.#state;
      if (seen !== undefined && isSameLeadership(state, seen)) {
        await this.#changes.next(ended);
        continue;
      }
      seen = state;
      yield { length: 1, at: () => ({ ...state }) };
    }
  }
}
