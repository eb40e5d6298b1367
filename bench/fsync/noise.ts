import type { Summary } from '../shared/summary.js';

/** With fewer, the noise is not known: two repeats lie apart from two others by chance one time in three. */
export const FEWEST_REPEATS = 3;

/** Half the distance from the lowest repeat to the highest, as a share of their median. */
export function noiseOf({ min, max, median }: Summary): number {
  return (max - min) / 2 / median;
}
