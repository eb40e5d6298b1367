import { readFileSync } from 'node:fs';

/** How often this process has read or written so far, where the system tells. Unlike a time, it does not depend on who else works. */
export function ioCalls(): number | undefined {
  try {
    const counted = readFileSync('/proc/self/io', 'utf8').matchAll(/^sysc[rw]: (\d+)$/gm);
    return [...counted].reduce((sum, [, calls]) => sum + Number(calls), 0);
  } catch {
    return undefined; // another system
  }
}
