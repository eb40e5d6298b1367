import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';

const IN_MEMORY = '/dev/shm';

/** Where many small databases are made and thrown away: in memory where the system has a folder for that. */
export function scratchParent(): string {
  try {
    accessSync(IN_MEMORY, constants.W_OK);
    return IN_MEMORY;
  } catch {
    return tmpdir();
  }
}

/** Bytes: as long as this a WAL is made at once, which in a folder in memory takes that much of it. */
export const MAX_TOTAL_WAL_SIZE = 1024 * 1024;
