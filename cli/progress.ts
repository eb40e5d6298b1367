import { SingleBar } from 'cli-progress';

const PROGRESS_MS = 200;
const PROGRESS_WITHOUT_TERMINAL_MS = 20_000;

/** A bar on stderr that shows how much of the time is over. It begins at the first step. */
export class Progress {
  readonly #bar = new SingleBar({
    format: '{bar} {percentage} % | {left} left | {what}',
    noTTYOutput: true,
    notTTYSchedule: PROGRESS_WITHOUT_TERMINAL_MS,
  });
  #ticking: NodeJS.Timeout | undefined;
  #start = 0;
  #end = 0;
  #what = '';

  show(what: string, endsAt: number): void {
    this.#what = what;
    if (this.#ticking === undefined) {
      this.#start = performance.now();
      this.#end = endsAt;
      this.#bar.start(endsAt - this.#start, 0, this.#payload(this.#start));
      this.#ticking = setInterval(() => this.#update(), PROGRESS_MS);
    }
    this.#update();
  }

  #update(): void {
    const now = Math.min(performance.now(), this.#end);
    this.#bar.update(now - this.#start, this.#payload(now));
  }

  #payload(now: number): { left: string; what: string } {
    return { left: `${Math.ceil((this.#end - now) / 1000)} s`, what: this.#what };
  }

  stop(): void {
    if (this.#ticking === undefined) return;
    clearInterval(this.#ticking);
    this.#bar.stop();
  }
}
