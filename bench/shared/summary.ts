import { max, median, min, quantile } from 'simple-statistics';

/** Of the figures of several rounds. */
export interface Summary {
  median: number;
  min: number;
  max: number;
  /** The middle half of the figures lies between them. */
  lowerQuartile: number;
  upperQuartile: number;
}

export function summarize(figures: readonly number[]): Summary {
  const list = [...figures];
  return {
    median: median(list),
    min: min(list),
    max: max(list),
    lowerQuartile: quantile(list, 0.25),
    upperQuartile: quantile(list, 0.75),
  };
}
