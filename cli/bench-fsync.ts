import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { constants as os } from 'node:os';
import { dirname, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, Option } from 'commander';
import { loadCharts } from '../bench/fsync/html-report/load-charts.js';
import { renderHtml } from '../bench/fsync/html-report/render-html.js';
import { DEFAULT_PLAN, type Plan } from '../bench/fsync/plan.js';
import { runFsyncBench } from '../bench/fsync/run.js';
import { printReport } from '../bench/fsync/terminal.js';
import { PEER_NAMES } from '../bench/shared/peers/index.js';
import { parseCounts, parseNames, parsePositive } from './options.js';

interface Options {
  dir: string;
  duration: number;
  entrySize: number[];
  batch: number[];
  inFlight: number[];
  peers: Plan['peers'];
  budgetMs: number;
  json?: string;
  html?: string;
}

const PROGRESS_MS = 200;
const PROGRESS_WITHOUT_TERMINAL_MS = 20_000;

export function benchFsyncCommand(): Command {
  const { durationS, entryBytes, batch, inFlight, budgetMs } = DEFAULT_PLAN;
  return new Command('fsync')
    .description(
      'Measures what an fsync, and durability by this storage, cost on the disk of a folder. Stop what else runs first.',
    )
    .option('--dir <dir>', 'where to measure, in a folder of its own that is removed afterwards', '.')
    .option('--duration <seconds>', 'of the whole run', parsePositive, durationS)
    .addOption(
      countsOption(
        '--entry-size <bytes,…>',
        'sizes of entries; the first is that of all other measurements',
        entryBytes,
      ),
    )
    .addOption(countsOption('--batch <n,…>', 'entries per append', batch))
    .addOption(countsOption('--in-flight <n,…>', 'asynchronous appends at a time', inFlight))
    .addOption(
      new Option('--peers <name,…>', `other stores, where installed: ${PEER_NAMES.join(', ')}`)
        .argParser(parseNames(PEER_NAMES))
        .default([], 'none'),
    )
    .option('--budget-ms <ms>', 'p99 latency that the recommendation keeps to', parsePositive, budgetMs)
    .option('--json <file>', 'writes every figure; `bench compare` reads it')
    .option('--html <file>', 'writes a report with charts; needs the package echarts')
    .action(benchFsync);
}

function countsOption(flags: string, description: string, counts: readonly number[]): Option {
  return new Option(flags, description).argParser(parseCounts).default([...counts], counts.join(','));
}

async function benchFsync({ dir, duration, entrySize, json, html, ...options }: Options): Promise<void> {
  const plan: Plan = { ...options, durationS: duration, entryBytes: entrySize };
  // What would fail after two minutes fails now.
  for (const file of [json, html]) if (file !== undefined) checkWritable(file);
  if (json !== undefined && html !== undefined && resolve(json) === resolve(html)) {
    throw new Error(`--json and --html are both ${json}`);
  }
  const charts = html === undefined ? undefined : await loadCharts();

  const report = await withProgress((signal, onProgress) => runFsyncBench({ dir, plan, signal, onProgress }));
  printReport(report);
  try {
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    // Also where the disk had no room for the other: it took two minutes.
    if (html !== undefined && charts !== undefined) writeFileSync(html, renderHtml(report, charts));
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

/** A bar of the time that is over, on stderr; it begins at the first step. */
class Progress {
  readonly #bar = new SingleBar({
    format: '{bar} {percentage} % | {left} left | {what}',
    noTTYOutput: true,
    notTTYSchedule: PROGRESS_WITHOUT_TERMINAL_MS,
  });
  #ticking: NodeJS.Timeout | undefined;
  #start = 0;
  #end = 0;
  #what = '';

  show(what: string, endsAt: number): void {
    this.#what = what;
    if (this.#ticking === undefined) {
      this.#start = performance.now();
      this.#end = endsAt;
      this.#bar.start(endsAt - this.#start, 0, this.#payload(this.#start));
      this.#ticking = setInterval(() => this.#update(), PROGRESS_MS);
    }
    this.#update();
  }

  #update(): void {
    const now = Math.min(performance.now(), this.#end);
    this.#bar.update(now - this.#start, this.#payload(now));
  }

  #payload(now: number): { left: string; what: string } {
    return { left: `${Math.ceil((this.#end - now) / 1000)} s`, what: this.#what };
  }

  stop(): void {
    if (this.#ticking === undefined) return;
    clearInterval(this.#ticking);
    this.#bar.stop();
  }
}

function checkWritable(file: string): void {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory()) throw new Error('it is a folder');
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    throw new Error(`${file} cannot be written: ${(error as Error).message}`);
  }
}
