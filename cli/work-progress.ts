import type { SingleBar } from 'cli-progress';

const WITHOUT_TERMINAL_MS = 20_000;
const MIB = 1024 * 1024;

/** A bar on stderr that shows how much of the work is done, in MiB. It begins at the first step. */
export class WorkProgress {
  readonly #bar: SingleBar;
  #began = false;

  private constructor(bar: SingleBar) {
    this.#bar = bar;
  }

  /** Its package is loaded only here, so that other subcommands work without it. */
  static async create(): Promise<WorkProgress> {
    const { SingleBar } = await import('cli-progress');
    return new WorkProgress(
      new SingleBar({
        format: '{bar} {percentage} % | {value} of {total} MiB | {what}',
        noTTYOutput: true,
        notTTYSchedule: WITHOUT_TERMINAL_MS,
      }),
    );
  }

  /** `done` bytes of `total`. */
  readonly show = (done: number, total: number, what: string): void => {
    const of = Math.ceil(total / MIB);
    const value = done < total ? Math.floor(done / MIB) : of;
    if (!this.#began) this.#bar.start(of, value, { what });
    this.#began = true;
    this.#bar.setTotal(of);
    this.#bar.update(value, { what });
  };

  stop(): void {
    if (this.#began) this.#bar.stop();
  }
}
