import type { EChartsOption } from 'echarts';

export interface ChartSize {
  width: number;
  height: number;
}

/** Of one character of a chart's text, in pixels: of 12 px in a wide font. */
const GENEROUS_WIDTH = 7;

/** Draws a chart as SVG. */
export type RenderChart = (option: EChartsOption, size: ChartSize) => string;

/** Loads Apache ECharts, which only a page needs. @throws Error, in one line, with the command that installs it */
export async function loadCharts(): Promise<RenderChart> {
  const echarts = await import('echarts').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('--html draws its charts with the package echarts, which is not installed: `npm install echarts`');
  });
  // There is no browser to measure text: a generous width keeps legends apart in any font.
  echarts.setPlatformAPI({ measureText: (text) => ({ width: text.length * GENEROUS_WIDTH }) });
  return (option, size) => {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
    chart.setOption(option);
    const svg = chart.renderToSVGString();
    chart.dispose();
    // Nothing answers to a pointer here.
    return svg.replace(/<style[\s\S]*?<\/style>/g, '').replace(/ class="zr[^"]*"/g, '');
  };
}
