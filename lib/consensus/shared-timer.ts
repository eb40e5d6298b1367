// One timer for all groups of a process: each on a timer of its own would wake the process as often as there are groups.

interface Participant {
  tick: () => void;
  period: number;
  /** It begins with a count that its period divides. */
  hasBegun: boolean;
}

/** Runs, and keeps the process alive, while there is anybody to tell. */
export class SharedTimer {
  readonly #participants = new Set<Participant>();
  readonly #timer: NodeJS.Timeout;
  readonly #ended: () => void;
  #count = 0;

  /** `ended`: the last one has left, and it is not to be joined any more. */
  constructor(ms: number, ended: () => void) {
    this.#ended = ended;
    this.#timer = setInterval(() => this.#tick(), ms);
  }

  /**
   * Calls `tick` each time from the next multiple of `period` on, so that what one does each `period` ticks falls together with
   * what others do, and goes out together. Returns what ends it.
   */
  join(tick: () => void, period: number): () => void {
    const participant: Participant = { tick, period, hasBegun: false };
    this.#participants.add(participant);
    return () => {
      if (!this.#participants.delete(participant) || this.#participants.size > 0) return;
      clearInterval(this.#timer);
      this.#ended();
    };
  }

  #tick(): void {
    const count = this.#count++;
    for (const participant of this.#participants) {
      participant.hasBegun ||= count % participant.period === 0;
      if (participant.hasBegun) alone(participant.tick);
    }
  }
}

/** What it throws is thrown where nobody else has to bear it. */
export function alone(work: () => void): void {
  try {
    work();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
