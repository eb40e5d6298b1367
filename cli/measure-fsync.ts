// What `bench fsync` does once its arguments are understood. It is loaded only then, because it needs packages that other
// commands do not.

import { constants as os } from 'node:os';
import { resolve } from 'node:path';
import { loadCharts } from '../bench/fsync/html-report/load-charts.js';
import { renderHtml } from '../bench/fsync/html-report/render-html.js';
import type { Plan } from '../bench/fsync/plan.js';
import { runFsyncBench } from '../bench/fsync/run.js';
import { printReport } from '../bench/fsync/terminal.js';
import { ReportFile } from '../bench/shared/report-file.js';
import { tellOfOtherRuns } from '../bench/shared/work-folder.js';
import { Progress } from './progress.js';

export interface Measurement {
  dir: string;
  plan: Plan;
  json?: string;
  html?: string;
}

export async function measureFsync({ dir, plan, json, html }: Measurement): Promise<void> {
  if (json !== undefined && html !== undefined && resolve(json) === resolve(html)) {
    throw new Error(`--json and --html are both ${json}`);
  }
  const charts = html === undefined ? undefined : await loadCharts();
  using jsonFile = json === undefined ? undefined : new ReportFile(json);
  using htmlFile = html === undefined ? undefined : new ReportFile(html);
  for (const line of tellOfOtherRuns(dir)) console.error(`Warning: ${line}`);

  const report = await withProgress((signal, onProgress) => runFsyncBench({ dir, plan, signal, onProgress }));
  printReport(report);
  try {
    jsonFile?.write(`${JSON.stringify(report, null, 2)}\n`);
  } finally {
    // Written even if the other one could not be: the run took two minutes.
    if (charts) htmlFile?.write(renderHtml(report, charts));
  }
}

/** The first signal ends the run, the second this process. */
async function withProgress<R>(
  run: (signal: AbortSignal, onProgress: (what: string, endsAt: number) => void) => Promise<R>,
): Promise<R> {
  const interruption = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => {
    const exitCode = 128 + os.signals[signal];
    if (interruption.signal.aborted) process.exit(exitCode);
    process.exitCode = exitCode;
    interruption.abort(`${signal} ended it`);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);

  const progress = new Progress();
  try {
    return await run(interruption.signal, (what, endsAt) => progress.show(what, endsAt));
  } finally {
    progress.stop();
    for (const signal of signals) process.off(signal, interrupt);
  }
}
