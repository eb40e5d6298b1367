// Openers side by side. One that crashes or hangs is replaced, and the others go on.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { compiled } from '../support/run-command.js';
import type { State } from './damage.js';
import type { Task } from './opener.js';
import type { Outcome as OwnOutcome, Verdict as OwnVerdict } from './verdict.js';

export type Verdict = OwnVerdict | 'hang' | 'crash';
export type Outcome = Omit<OwnOutcome, 'verdict'> & { verdict: Verdict };

/** Within this a database is open or refused. */
const LIMIT_MS = 5_000;
/** A machine may be busy with something else: who was too late gets this the second time. */
const SECOND_LIMIT_MS = 10_000;

class Opener {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #stderr = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(state: State, keep: boolean): Promise<Outcome> {
    const first = await this.#attempt(state, keep, LIMIT_MS);
    return first.verdict === 'hang' ? this.#attempt(state, keep, SECOND_LIMIT_MS) : first;
  }

  #attempt(state: State, keep: boolean, limitMs: number): Promise<Outcome> {
    const child = this.#child ?? this.#start();
    this.#child = child;
    return new Promise((resolve) => {
      const watchdog = setTimeout(() => child.kill('SIGKILL'), limitMs);
      const settle = (outcome: Outcome) => {
        clearTimeout(watchdog);
        child.off('message', settle).off('close', ended);
        resolve(outcome);
      };
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#child = undefined;
        const detail = `${signal ?? `exit code ${code}`} ${this.#stderr}`.trim();
        settle(signal === 'SIGKILL' ? { verdict: 'hang' } : { verdict: 'crash', detail });
      };
      child.on('message', settle).on('close', ended);
      const task: Task = { state, path: join(this.#folder, 'db'), keep };
      child.send(task);
    });
  }

  #start(): ChildProcess {
    const child = fork(compiled('test/damage/opener.js'), {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    return child;
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

export class OpenerPool implements Disposable {
  readonly #openers: readonly Opener[];

  /** `folder`: where the states are made. */
  constructor(folder: string, size: number) {
    this.#openers = Array.from({ length: size }, (_, i) => new Opener(join(folder, `opener-${i}`)));
  }

  /** Opens every state; `take` is told of each as it is done, in no order. */
  async openAll(
    states: Iterable<State>,
    take: (state: State, outcome: Outcome) => void,
    { keep = false } = {},
  ): Promise<void> {
    const left = states[Symbol.iterator]();
    const work = async (opener: Opener) => {
      for (let next = left.next(); !next.done; next = left.next()) {
        take(next.value, await opener.open(next.value, keep));
      }
    };
    await Promise.all(this.#openers.map(work));
  }

  /** Ends their processes, whatever they are at. */
  [Symbol.dispose](): void {
    for (const opener of this.#openers) opener.stop();
  }
}
