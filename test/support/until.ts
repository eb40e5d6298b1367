import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for what comes in its own time; the test's own time-out ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}
