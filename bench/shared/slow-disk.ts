import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT } from './baseline-program.js';

/** test/disk-shim/: faults of the disk, for one process. */
const DISK_SHIM = join(BUILT, 'disk-shim.so');
export const SLOW_DISK_DELAY_US = 5000;

/** The environment of a process whose every fsync takes so much longer. */
export function slowDisk(): Record<string, string> {
  return { LD_PRELOAD: DISK_SHIM, DISK_SHIM_SYNC_DELAY_US: `${SLOW_DISK_DELAY_US}` };
}

/** Why there is no such process here, or undefined. */
export function whyNoSlowDisk(): string | undefined {
  if (process.platform !== 'linux') return 'only on Linux can a disk be made slow';
  return existsSync(DISK_SHIM) ? undefined : `there is no ${DISK_SHIM}`;
}
