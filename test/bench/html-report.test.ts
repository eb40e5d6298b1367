// The HTML report as a person sees it: in Chromium, from a fresh report.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { html } from '../../bench/fsync/html-report/html.js';
import type { Report } from '../../bench/fsync/report.js';
import { pointReport, report, reportOfEverything } from '../support/bench-points.js';
import { findBrowser } from '../support/find-browser.js';
import { compiled, runCommand } from '../support/run-command.js';
import { temporaryFolder } from '../support/temporary-folder.js';

type RenderHtml = typeof import('../../bench/fsync/html-report/render-html.js');
type LoadCharts = typeof import('../../bench/fsync/html-report/load-charts.js');

const CHARTS = [
  'One durable write at a time',
  '64 entries at a time',
  'Batch size',
  'In-flight window',
  'Entry size',
  'Latency by percentile',
  'Cost per operation',
  'WAL recycling, cold and steady',
  'The event loop',
];

describe('html', () => {
  it('escapes what is put in, but for markup', () => {
    const nested = [html`<b>${'&'}</b>`, 'x'];
    expect(html`<p title="${'"\'<>'}">${nested}${undefined}${0}</p>`.markup).toBe(
      '<p title="&#34;&#39;&#60;&#62;"><b>&#38;</b>x0</p>',
    );
  });
});

const executablePath = findBrowser();
const withBrowser = executablePath === undefined ? describe.skip : describe;

withBrowser(
  `the HTML report${executablePath ? '' : ' (skipped: no Chromium here; install it, or name it in CHROMIUM)'}`,
  () => {
    const folder = temporaryFolder();
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath as string });
    });
    afterAll(() => browser?.close());

    /** Opens `file`; whatever it complains of or asks for is kept. */
    async function open(file: string, options: { width?: number; dark?: boolean } = {}) {
      const context = await browser.newContext({
        viewport: { width: options.width ?? 1040, height: 800 },
        colorScheme: options.dark ? 'dark' : 'light',
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      return { page, complaints, requests };
    }

    describe('of a fresh report', () => {
      const file = join(folder, 'fresh.html');
      beforeAll(async () => {
        const few = ['--batch', '1,8,64', '--in-flight', '1,8,64', '--entry-size', '128,1024'];
        await runCommand(['bench', 'fsync', '--dir', folder, '--duration', '4', ...few, '--html', file]);
      });

      it('shows the conclusion first, then every chart, and fetches nothing', async () => {
        const { page, complaints, requests } = await open(file);
        expect(await page.locator('main > :first-child').textContent()).toMatch(/p99 within 10 ms/);
        for (const title of CHARTS) {
          const figure = page.getByRole('img', { name: new RegExp(`^${title}\\.`) });
          expect({ title, svgs: await figure.locator('svg:visible').count() }).toEqual({ title, svgs: 1 });
        }
        expect(await page.getByRole('img').count()).toBe(CHARTS.length);
        expect({ complaints, requests }).toEqual({ complaints: [], requests: [pathToFileURL(file).href] });
      });

      it('sorts the table by a column, up and then down', async () => {
        const { page, complaints } = await open(file);
        const heading = page.getByRole('columnheader', { name: 'entries/s', exact: true });
        const values = async () => {
          const cells = await page.locator('.raw tbody td:nth-child(6)').evaluateAll((all) => {
            return all.map((cell) => Number(cell.getAttribute('data-value')));
          });
          return cells;
        };
        const unsorted = await values();
        const rising = [...unsorted].sort((a, b) => a - b);
        expect(unsorted).not.toEqual(rising);

        await heading.getByRole('button').click();
        expect(await values()).toEqual(rising);
        expect(await heading.getAttribute('aria-sort')).toBe('ascending');
        await heading.getByRole('button').click();
        expect(await values()).toEqual(rising.reverse());
        expect(await heading.getAttribute('aria-sort')).toBe('descending');
        expect(complaints).toEqual([]);
      });

      it('copies the table, with exact values between tabs', async () => {
        const { page } = await open(file);
        await page.getByRole('button', { name: 'Copy the table' }).click();
        await page.getByRole('button', { name: 'Copied' }).waitFor();
        const lines = (await page.evaluate(() => navigator.clipboard.readText())).trimEnd().split('\n');
        expect(lines[0]?.split('\t').slice(0, 6)).toEqual([
          'who',
          'what',
          'entry, bytes',
          'batch',
          'in flight',
          'entries/s',
        ]);
        expect(lines).toHaveLength(1 + (await page.locator('.raw tbody tr').count()));
        expect(new Set(lines.map((line) => line.split('\t').length)).size).toBe(1);
      });
    });

    describe('of a run with everything', () => {
      const file = join(folder, 'everything.html');
      beforeAll(async () => writeFileSync(file, await render(reportOfEverything())));

      it.each([
        ['light', { width: 1040 }],
        ['dark', { width: 1040, dark: true }],
        ['narrow', { width: 390 }],
      ])('is readable: %s', async (_, options) => {
        const { page } = await open(file, options);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.width);
        expect(await lowestContrast(page)).toBeGreaterThan(4.5);
        expect(await overlaps(page)).toEqual([]);
        expect(await cutOff(page)).toEqual([]);
      });
    });

    it('shows names as they are, even those that look like markup', async () => {
      const nasty = '<script>alert(1)</script>&amp;"';
      const points = [pointReport({ who: nasty, what: nasty, groups: ['side-by-side', 'batch'] })];
      const file = join(folder, 'nasty.html');
      writeFileSync(file, await render(report(points, { warnings: [nasty] })));
      const { page, complaints } = await open(file);
      expect(await page.locator('.warning').textContent()).toBe(`Warning: ${nasty}`);
      expect(await page.locator('.raw tbody th').textContent()).toBe(nasty);
      expect(complaints).toEqual([]);
    });
  },
);

/** By the compiled code, which has the table's script beside it. */
async function render(of: Report): Promise<string> {
  const { renderHtml } = (await import(compiled('bench/fsync/html-report/render-html.js'))) as RenderHtml;
  const { loadCharts } = (await import(compiled('bench/fsync/html-report/load-charts.js'))) as LoadCharts;
  return renderHtml(of, await loadCharts());
}

/** Of text in charts and beside them against what lies behind it: WCAG's ratio. */
async function lowestContrast(page: Page): Promise<number> {
  return page.evaluate(() => {
    const luminance = (color: string) => {
      const channels = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((text) => {
        const value = Number(text) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
      return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
    };
    const backgroundOf = (element: Element | null): string => {
      if (element === null) return 'rgb(255, 255, 255)';
      const { backgroundColor } = getComputedStyle(element);
      return backgroundColor === 'rgba(0, 0, 0, 0)' ? backgroundOf(element.parentElement) : backgroundColor;
    };
    const ratios = [...document.querySelectorAll('p, h1, h2, td, th, svg text')].map((element) => {
      const style = getComputedStyle(element);
      const [a, b] = [luminance(element.matches('text') ? style.fill : style.color), luminance(backgroundOf(element))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
    return Math.min(...ratios);
  });
}

/** Texts of charts that reach out of them. */
async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    return [...document.querySelectorAll('figure svg')].flatMap((svg) => {
      const chart = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll('text')].filter((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        return left < chart.left || right > chart.right || top < chart.top || bottom > chart.bottom;
      });
      return texts.map(({ textContent }) => textContent ?? '');
    });
  });
}

/** Texts of one chart that lie on each other. */
async function overlaps(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const svg of document.querySelectorAll('figure svg')) {
      const texts = [...svg.querySelectorAll('text')].map((text) => ({ text, box: text.getBoundingClientRect() }));
      for (const [i, a] of texts.entries()) {
        for (const b of texts.slice(i + 1)) {
          const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
          const height = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
          if (width > 2 && height > 4) found.push(`${a.text.textContent} / ${b.text.textContent}`);
        }
      }
    }
    return found;
  });
}
