// How each contestant's process is started.

import { fileURLToPath } from 'node:url';
import { baselineProgram } from '../shared/baseline-program.js';
import type { Launch } from '../shared/contestant-process.js';
import type { Entrant } from '../shared/lineup.js';
import { slowDisk, whyNoSlowDisk } from '../shared/slow-disk.js';
import type { NodeContestant } from './contestants.js';
import { pureRust } from './pure-rust.js';

export type ContestantName = NodeContestant | 'baseline' | 'pure-rust' | 'runners-on-slow-disk';

const RECYCLE_WAL: readonly ContestantName[] = ['storage', 'async-storage'];
/** They recycle theirs as well. An append would have to go through consensus first. */
const FILL_WALS: readonly ContestantName[] = [
  'durable-runners',
  'held-runners',
  'runners-on-tcp',
  'held-runners-on-tcp',
];

export function entrantOf(name: ContestantName): Entrant {
  const fills = FILL_WALS.includes(name);
  return { launch: launchOf(name), recyclesWal: fills || RECYCLE_WAL.includes(name), fills };
}

function launchOf(name: ContestantName): Launch {
  switch (name) {
    case 'baseline':
      return { command: baselineProgram, args: [] };
    case 'pure-rust':
      return { command: pureRust(), args: [] };
    case 'runners-on-slow-disk':
      return { ...serve('durable-runners'), env: slowDisk() };
    default:
      return serve(name);
  }
}

function serve(name: NodeContestant): Launch {
  return { command: process.execPath, args: [fileURLToPath(new URL('serve.js', import.meta.url)), name] };
}

/** Why a contestant cannot take part here, or undefined. */
export function whyAbsent(name: ContestantName): string | undefined {
  return name === 'runners-on-slow-disk' ? whyNoSlowDisk() : undefined;
}
