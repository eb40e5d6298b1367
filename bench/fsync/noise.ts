import type { Summary } from '../shared/summary.js';

/** Half the distance from the lowest repeat to the highest, as a share of their median. */
export function noiseOf({ min, max, median }: Summary): number {
  return (max - min) / 2 / median;
}
