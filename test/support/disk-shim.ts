import { fileURLToPath } from 'node:url';

/** The faults of test/disk-shim/disk_shim.c. */
export interface DiskFaults {
  syncDelayUs?: number;
  syncFailsAfter?: number;
  lockErrno?: number;
  fullFor?: 'flushes' | 'compactions';
  haltsAt?: string;
  /** A process with this chooses by `process.env.DISK_SHIM_ONCE` what strikes, and learns from this file that it has. */
  struck?: string;
}

/** LD_PRELOAD, and so the shim, is Linux's. */
export const hasDiskShim = process.platform === 'linux';

const { env: environment } = process as { env: { LD_PRELOAD?: string } };
const SHIM = fileURLToPath(new URL('../../build/Release/disk-shim.so', import.meta.url));

/** The environment of a process whose disk has these faults. */
export function withFaults({
  syncDelayUs,
  syncFailsAfter,
  lockErrno,
  fullFor,
  haltsAt,
  struck,
}: DiskFaults): Record<string, string> {
  return {
    // Behind what is below this process already: a sanitizer must come first.
    LD_PRELOAD: [environment.LD_PRELOAD, SHIM].filter((library) => library !== undefined).join(':'),
    ...(syncDelayUs === undefined ? {} : { DISK_SHIM_SYNC_DELAY_US: String(syncDelayUs) }),
    ...(syncFailsAfter === undefined ? {} : { DISK_SHIM_SYNC_FAILS_AFTER: String(syncFailsAfter) }),
    ...(lockErrno === undefined ? {} : { DISK_SHIM_LOCK_ERRNO: String(lockErrno) }),
    ...(fullFor === undefined ? {} : { DISK_SHIM_FULL_FOR: fullFor }),
    ...(haltsAt === undefined ? {} : { DISK_SHIM_HALTS_AT: haltsAt }),
    // There from the start, so that a change of it does not move the others, which other threads may be reading.
    ...(struck === undefined ? {} : { DISK_SHIM_ONCE: '', DISK_SHIM_STRUCK: struck }),
  };
}
