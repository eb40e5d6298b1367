import { pathToFileURL } from 'node:url';
import type { EChartsOption } from 'echarts';
import { installCommand } from '../../shared/install-command.js';
import { resolvePackage } from '../../shared/peers/find-package.js';

export interface ChartSize {
  width: number;
  height: number;
}

/** Pixels for one character of a chart's text: what 12 px take in a wide font. */
const GENEROUS_WIDTH = 7;

/** Draws a chart as SVG. */
export type RenderChart = (option: EChartsOption, size: ChartSize) => string;

/** Loads Apache ECharts, which only the HTML report needs. @throws Error, in one line, with the command that installs it */
export async function loadCharts(): Promise<RenderChart> {
  const entry = resolvePackage('echarts');
  if (entry === undefined) {
    const install = installCommand(['echarts']);
    throw new Error(`--html draws its charts with the package echarts, which is not installed: ${install}`);
  }
  const echarts = (await import(pathToFileURL(entry).href)) as typeof import('echarts');
  // There is no browser to measure text: a generous width keeps legends apart in any font.
  echarts.setPlatformAPI({ measureText: (text) => ({ width: text.length * GENEROUS_WIDTH }) });
  return (option, size) => {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
    chart.setOption(option);
    const svg = chart.renderToSVGString();
    chart.dispose();
    // A picture does not react to a pointer: no styles and classes for that.
    return svg.replace(/<style[\s\S]*?<\/style>/g, '').replace(/ class="zr[^"]*"/g, '');
  };
}
