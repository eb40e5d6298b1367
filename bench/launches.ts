// How each contestant's process is started.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Launch } from './contestant-process.js';
import type { NodeContestant } from './contestants/index.js';

export type ContestantName = NodeContestant | 'floor' | 'async-storage-on-slow-disk';

const BUILT = fileURLToPath(new URL('build/Release/', import.meta.resolve('omnipaxos-rocksdb/package.json')));
/** test/disk-shim/: faults of the disk, for one process. */
const DISK_SHIM = join(BUILT, 'disk-shim.so');
export const SLOW_DISK_DELAY_US = 5000;

export function launchOf(name: ContestantName): Launch {
  switch (name) {
    case 'floor':
      return { command: join(BUILT, 'floor'), args: [] };
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

/** Whether a contestant's RocksDB recycles its WAL files: it is warmed up until it has. */
export function recyclesWal(name: ContestantName): boolean {
  return ['floor', 'storage', 'storage-objects', 'async-storage'].includes(name);
}

/** Why a contestant cannot take part here, or undefined. */
export function whyAbsent(name: ContestantName): string | undefined {
  if (name !== 'async-storage-on-slow-disk') return undefined;
  if (process.platform !== 'linux') return 'only on Linux can a disk be made slow';
  return existsSync(DISK_SHIM) ? undefined : `there is no ${DISK_SHIM}`;
}
