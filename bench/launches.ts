// How each contestant's process is started.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeContestant } from './contestants/index.js';
import { BUILT, baselineProgram } from './shared/baseline-program.js';
import type { Launch } from './shared/contestant-process.js';
import type { Entrant } from './shared/lineup.js';

export type ContestantName = NodeContestant | 'baseline' | 'async-storage-on-slow-disk';

/** test/disk-shim/: faults of the disk, for one process. */
const DISK_SHIM = join(BUILT, 'disk-shim.so');
export const SLOW_DISK_DELAY_US = 5000;
const RECYCLE_WAL: readonly ContestantName[] = [
  'baseline',
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
    case 'async-storage-on-slow-disk':
      return {
        ...serve('async-storage'),
        env: { LD_PRELOAD: DISK_SHIM, DISK_SHIM_SYNC_DELAY_US: `${SLOW_DISK_DELAY_US}` },
      };
    default:
      return serve(name);
  }
}

function serve(name: NodeContestant): Launch {
  return { command: process.execPath, args: [fileURLToPath(new URL('serve.js', import.meta.url)), name] };
}

/** Why a contestant cannot take part here, or undefined. */
export function whyAbsent(name: ContestantName): string | undefined {
  if (name !== 'async-storage-on-slow-disk') return undefined;
  if (process.platform !== 'linux') return 'only on Linux can a disk be made slow';
  return existsSync(DISK_SHIM) ? undefined : `there is no ${DISK_SHIM}`;
}
