/**
 * Runs work in the background, one run at a time, whenever it is woken. A wake-up always leads to a run that begins after
 * it: also one that comes while another run is under way, or just ends. Several of them may share that run.
 *
 * Nobody waits for a run, so its failure is only noted. It is not repeated by itself: the next wake-up tries again.
 */
export class BackgroundReclaimer {
  readonly #reclaim: () => Promise<void>;
  #isRunning = false;
  #isWoken = false;
  #lastFailure: unknown;

  /** `reclaim` is one run. It looks at the state of things itself: a run is not told why it was woken. */
  constructor(reclaim: () => Promise<void>) {
    this.#reclaim = reclaim;
  }

  /** What the last run that came to its end failed with; undefined where it succeeded. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** There may be something to reclaim. Returns at once, and throws nothing. */
  wake(): void {
    this.#isWoken = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isWoken) {
      this.#isWoken = false;
      try {
        await this.#reclaim();
        this.#lastFailure = undefined;
      } catch (error) {
        this.#lastFailure = error;
      }
    }
    // No await between the last look at `#isWoken` and here: a wake-up in between would be lost.
    this.#isRunning = false;
  }
}
