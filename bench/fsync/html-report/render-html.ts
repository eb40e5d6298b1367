// The HTML report: one file that needs nothing else, and fetches nothing.

import { readFileSync } from 'node:fs';
import { conclusions, describeEnvironment, describeOverhead } from '../conclusions.js';
import type { Report } from '../report.js';
import type { Chart } from './chart.js';
import { chartsOf } from './charts.js';
import { Html, html } from './html.js';
import type { RenderChart } from './load-charts.js';
import { rawTable } from './raw-table.js';
import { STYLE } from './style.js';

const WIDE = 900;
const NARROW = 370;
const SCRIPT = new URL('table-script.js', import.meta.url);
/** Enforced by the browser: no network. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

export function renderHtml(report: Report, renderChart: RenderChart): string {
  const [first, ...others] = conclusions(report);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>What durability costs: omnipaxos-rocksdb bench fsync</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>What durability costs on this disk</h1>
<p class="soft">omnipaxos-rocksdb bench fsync, ${report.startedAt.replace('T', ' ').replace(/\..*/, ' UTC')}, ${report.tookS} s</p>
</header>
<main>
<section class="conclusion" aria-label="Conclusion"><p>${first}</p>${others.map((line) => html`<p>${line}</p>`)}</section>
${report.warnings.map((warning) => html`<p class="warning" role="note"><strong>Warning:</strong> ${warning}</p>\n`)}
${chartsOf(report.points).map((chart) => renderFigure(chart, renderChart))}
<section aria-labelledby="environment"><h2 id="environment">Measured on</h2>
${describeEnvironment(report).map((line) => html`<p>${line}</p>\n`)}
<p>${describeOverhead(report)}</p>
${report.skipped.map(({ name, reason }) => html`<p>Skipped: ${name}: ${reason}.</p>\n`)}
</section>
<section aria-labelledby="raw"><h2 id="raw">Raw figures</h2>
<p class="soft">Medians of the repeats; ± is half the distance from the lowest repeat to the highest.<span class="screen"> Press a heading to
sort.</span> Where a call appends nothing, a call counts as an entry. Bytes written are what ${report.writtenBytesFrom} counts.</p>
<button type="button" class="copy">Copy the table</button>
${rawTable(report.points)}
</section>
</main>
<script type="module">${new Html(readFileSync(SCRIPT, 'utf8'))}</script>
</body>
</html>
`.markup;
}

function renderFigure({ id, title, caption, option, heights: [wide, narrow] }: Chart, render: RenderChart): Html {
  const svg = (width: 'wide' | 'narrow', size: { width: number; height: number }) => {
    return new Html(`<div class="${width}" aria-hidden="true">${render(option(width), size)}</div>`);
  };
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
<p class="soft">${caption}</p>
<figure role="img" aria-label="${title}. ${caption} The raw figures below hold every number.">
${svg('wide', { width: WIDE, height: wide })}${svg('narrow', { width: NARROW, height: narrow })}
</figure></section>
`;
}
