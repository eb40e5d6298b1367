import type { EChartsOption } from 'echarts';
import type { Width } from './chart-style.js';

export interface Chart {
  id: string;
  title: string;
  /** How to read it. */
  caption: string;
  option: (width: Width) => EChartsOption;
  /** Of the wide rendering, and of the narrow one. */
  heights: [number, number];
}
