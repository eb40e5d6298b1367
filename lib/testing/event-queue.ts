/** What is to happen in virtual time: the earliest first, and of the same time in the order in which it was added. */
export class EventQueue {
  #events: { time: number; run: () => void }[] = [];
  #now = 0;

  get now(): number {
    return this.#now;
  }

  /** `run` happens at `time`, or now where that has passed. */
  at(time: number, run: () => void): void {
    const event = { time: Math.max(time, this.#now), run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as { time: number }).time <= event.time) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  after(delay: number, run: () => void): void {
    this.at(this.#now + delay, run);
  }

  /** Lets time pass until `end`. */
  runUntil(end: number): void {
    while (this.runNext(end));
  }

  /** Lets time pass until the next event, if it comes before `end` is over, or until `end`. Returns whether there was one. */
  runNext(end: number): boolean {
    const next = this.#events[0];
    if (next === undefined || next.time > end) {
      this.#now = Math.max(this.#now, end);
      return false;
    }
    this.#events.shift();
    this.#now = next.time;
    next.run();
    return true;
  }
}
