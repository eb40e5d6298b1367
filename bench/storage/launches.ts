// How each contestant's process is started.

import { fileURLToPath } from 'node:url';
import { baselineProgram } from '../shared/baseline-program.js';
import type { Launch } from '../shared/contestant-process.js';
import type { Entrant } from '../shared/lineup.js';
import { slowDisk, whyNoSlowDisk } from '../shared/slow-disk.js';
import type { NodeContestant } from './contestants/index.js';
import { rustToolkit } from './rust-toolkit.js';

export type ContestantName = NodeContestant | 'baseline' | 'rust-toolkit' | 'async-storage-on-slow-disk';

const RECYCLE_WAL: readonly ContestantName[] = [
  'baseline',
  'rust-toolkit',
  'storage',
  'storage-objects',
  'async-storage',
  'async-objects',
];

export function entrantOf(name: ContestantName): Entrant {
  return { launch: launchOf(name), recyclesWal: RECYCLE_WAL.includes(name) };
}

function launchOf(name: ContestantName): Launch {
  switch (name) {
    case 'baseline':
      return { command: baselineProgram, args: [] };
    case 'rust-toolkit':
      return { command: rustToolkit(), args: [] };
    case 'async-storage-on-slow-disk':
      return { ...serve('async-storage'), env: slowDisk() };
    default:
      return serve(name);
  }
}

function serve(name: NodeContestant): Launch {
  return { command: process.execPath, args: [fileURLToPath(new URL('serve.js', import.meta.url)), name] };
}

/** Why a contestant cannot take part here, or undefined. */
export function whyAbsent(name: ContestantName): string | undefined {
  return name === 'async-storage-on-slow-disk' ? whyNoSlowDisk() : undefined;
}
