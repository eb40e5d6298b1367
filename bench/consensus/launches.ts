// How each contestant's process is started.

import { fileURLToPath } from 'node:url';
import type { Launch } from '../shared/contestant-process.js';
import type { Entrant } from '../shared/lineup.js';
import { slowDisk, whyNoSlowDisk } from '../shared/slow-disk.js';
import type { NodeContestant } from './contestants.js';
import { pureRust } from './pure-rust.js';

export type ContestantName = NodeContestant | 'pure-rust' | 'runners-on-slow-disk';

const RECYCLE_WAL: readonly ContestantName[] = ['storage', 'async-storage', 'durable-runners', 'early-runners'];

export function entrantOf(name: ContestantName): Entrant {
  return { launch: launchOf(name), recyclesWal: RECYCLE_WAL.includes(name) };
}

function launchOf(name: ContestantName): Launch {
  switch (name) {
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
