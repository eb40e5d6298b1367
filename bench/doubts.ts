import type { Results } from './suite.js';

/** Turns that had to make new files, where others did not. */
export function unsteadyTurns({ samples }: Results): string[] {
  const all = Object.values(samples).flat();
  const unsteady = all.filter(({ walRecycled }) => walRecycled === false).length;
  const steady = all.filter(({ walRecycled }) => walRecycled === true).length;
  if (unsteady === 0) return [];
  return [`${unsteady} of ${unsteady + steady} turns began on a WAL that had not been recycled.`];
}
