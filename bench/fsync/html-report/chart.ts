import type { EChartsOption } from 'echarts';
import type { Width } from './chart-style.js';

export interface Chart {
  id: string;
  title: string;
  /** How to read it. */
  caption: string;
  option: (width: Width) => EChartsOption;
  /** In pixels: of the wide rendering, then of the narrow one. */
  heights: [number, number];
}
