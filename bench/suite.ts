// What one benchmark measures, and what it must reach. `run-suite.ts` runs it.

import type { Entrant, TurnSample } from './shared/lineup.js';
import type { Hello, Sample, TimedWork, WorkNumbers } from './shared/protocol.js';

/**
 * The p50 of a call, entries per second, the p99 of the event loop's delay, how often another replica came to lead, or how long
 * nothing was decided when the leader was killed.
 */
export type FigureKind = 'latency' | 'rate' | 'loop-delay' | 'leader-changes' | 'pause';

/** One turn of one contestant. It comes once in every round. */
export interface Turn {
  contestant: string;
  /** Who does what, for the report. */
  who: string;
  what: string;
  work: TimedWork;
  numbers?: Omit<WorkNumbers, 'ms'>;
  /** What counts. */
  figure: FigureKind;
}

export type Bound = { atMost: number } | { atLeast: number } | { below: number };

/**
 * A claim. Its figure is a median of ratios, one from each round: the two turns of a round were measured within seconds of
 * each other.
 */
export interface Bar<TurnName extends string = string> {
  title: string;
  of: TurnName;
  /** The figure of `of` is divided by that of the best of these. Where there is none, it stands alone. */
  against: readonly TurnName[];
  bound: Bound;
  unit?: string;
  /** In place of the one that counts for the turn. */
  figure?: FigureKind;
  /** It need not hold yet. */
  isAim?: true;
}

export interface Plan {
  rounds: number;
  /** Of one turn. */
  turnMs: number;
  /**
   * How long a contestant does the same before each turn, not counted: where others have worked meanwhile, or where it has just
   * been started, it is slower than it will be. Default 0.
   */
  leadInMs?: number;
}

/** A contestant that takes part only where it is asked for. */
export interface OptionalContestant {
  name: string;
  /** On the command line. */
  flag: `--${string}`;
  description: string;
  /** Before the run, for as long as it takes; `signal` ends it. Why it cannot take part after all, or undefined. */
  prepare(signal: AbortSignal): Promise<string | undefined>;
}

export interface Suite {
  /** Of the command, and of the folder that it writes into. */
  name: string;
  description: string;
  /** Of a full run, which should not take longer than a person waits. */
  rounds: number;
  /** Of a turn of a full run, where the default is too short. */
  turnMs?: number;
  /** Of a full run. */
  leadInMs?: number;
  /** Of a quick run, in place of the default. */
  quick?: Plan;
  /** Turns that are compared stand side by side. */
  turns: Readonly<Record<string, Turn>>;
  bars: readonly Bar[];
  /** What the bars are of, for the report. */
  barsOf: string;
  entrantOf(contestant: string): Entrant;
  /** Why a contestant cannot take part here, or undefined. */
  whyAbsent(contestant: string): string | undefined;
  /** Signs in the figures themselves that they may mislead. */
  doubts(results: Results): string[];
  optional?: readonly OptionalContestant[];
}

export interface Results {
  /** One sample a round, by turn. Turns of a contestant that could not take part are missing. */
  samples: Record<string, TurnSample[]>;
  contestants: Record<string, Hello>;
  /** Why a contestant could not take part. */
  absent: Record<string, string>;
}

export function turnOf(suite: Suite, name: string): Turn {
  return suite.turns[name] as Turn;
}

/** In µs, entries per second, or ms, by its kind. */
export function figureOf(kind: FigureKind, sample: Sample): number {
  switch (kind) {
    case 'latency':
      return sample.latencyUs.p50;
    case 'rate':
      return sample.entries / sample.seconds;
    case 'loop-delay':
      return (sample.loopDelayUs?.p99 ?? Number.NaN) / 1000;
    case 'leader-changes':
      return sample.leaderChanges ?? Number.NaN;
    case 'pause':
      return sample.latencyUs.p50 / 1000;
  }
}
