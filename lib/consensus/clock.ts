/** What makes a started runner go on. */
export interface Clock {
  /** Calls `tick` again and again. Returns what ends it. */
  every(ms: number, tick: () => void): () => void;
  /** Calls `work` once all that has come in together is there. */
  soon(work: () => void): void;
}

export const NODE_CLOCK: Clock = {
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    return () => clearInterval(timer);
  },
  soon(work) {
    setImmediate(work);
  },
};
