// Screenshots of a report that `bench fsync --html` has written, for docs/:
//   node scripts/screenshot-report.mjs REPORT.html docs && pngquant --ext .png --force docs/fsync-*.png

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [report, folder] = process.argv.slice(2).map((path) => resolve(path));
if (folder === undefined) {
  console.error('usage: node scripts/screenshot-report.mjs REPORT.html FOLDER, which gets fsync-*.png');
  process.exit(2);
}
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Each begins at one heading and ends at another. */
const SHOTS = [
  { name: 'conclusion', width: 1040, colorScheme: 'light', from: 'h1', to: '#batch' },
  { name: 'sweeps', width: 1040, colorScheme: 'dark', from: '#batch', to: '#percentiles' },
  { name: 'costs', width: 1040, colorScheme: 'light', from: '#percentiles', to: '#environment' },
  { name: 'phone', width: 390, colorScheme: 'dark', from: 'h1', to: '#batch' },
];
const MARGIN = 16;

const browser = await chromium.launch({ executablePath });
for (const { name, width, colorScheme, from, to } of SHOTS) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, deviceScaleFactor: 2, colorScheme });
  await page.goto(pathToFileURL(report).href);
  const [start, end] = [await topOf(page, from), await topOf(page, to)];
  const clip = { x: 0, y: start - MARGIN, width, height: end - start };
  await page.screenshot({ path: join(folder, `fsync-${name}.png`), fullPage: true, clip });
}
await browser.close();

async function topOf(page, selector) {
  const { y } = await page.locator(selector).boundingBox();
  return y;
}
