// What the demo and its replicas tell each other over the channel between their processes.

import type { Command } from './flight-log.js';

export type Request =
  /** Answered once it is applied, or not known to be. */
  | { type: 'append'; id: number; command: Command }
  /** Answered with all that was applied before, anywhere. */
  | { type: 'history'; id: number };

/** What became of an append. `never`: it is not in the log, and never will be; `unknown`: it may be, or may yet. */
export type Outcome = { type: 'applied'; index: number; isNew: boolean } | { type: 'never' } | { type: 'unknown' };

export type Told =
  /** Where its peers reach it in this life. */
  | { type: 'listens'; port: number }
  | { type: 'open' }
  /** It leads, from now on and until another one does under a higher epoch. */
  | { type: 'leads'; epoch: bigint }
  | { type: 'outcome'; id: number; outcome: Outcome }
  | { type: 'history'; id: number; rows: Uint32Array };
