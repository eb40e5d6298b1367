// The command around a suite: every contestant in one run on one folder.

import { existsSync, statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { judge } from './bars.js';
import { printReport } from './report.js';
import { type OnProgress, runRounds } from './rounds.js';
import { describeEnvironment, warningsAbout } from './shared/environment.js';
import { ReportFile } from './shared/report-file.js';
import { tellOfOtherRuns, WorkFolder } from './shared/work-folder.js';
import type { Plan, Results, Suite } from './suite.js';

const FULL_TURN_MS = 250;
const QUICK: Plan = { rounds: 7, turnMs: 150 };
const SCHEMA_VERSION = 1;
const SPACE_NEEDED = 4 * 1024 ** 3;
const NO_TERMINAL_REPORT_MS = 20_000;

interface Options {
  dir: string;
  rounds?: number;
  quick?: true;
  json?: string;
  check?: true;
  /** Those of {@link Suite.optional}. */
  [flag: string]: unknown;
}

/** Reads the command line, and does what it says. */
export async function runSuite(suite: Suite): Promise<void> {
  const command = new Command(suite.name)
    .description(suite.description)
    .option('--dir <dir>', 'where to write, in a folder of its own that is removed afterwards', '.')
    .option('--rounds <n>', `rounds to take the medians of (default: ${suite.rounds})`, parseRounds)
    .option('--quick', `less time, more noise: ${(suite.quick ?? QUICK).rounds} rounds of shorter turns`)
    .option('--json <file>', 'a new file for every sample, with what it was measured on (default: none)')
    .option('--check', 'exits with 1 where a bar does not hold')
    .action((options: Options) => bench(suite, options));
  for (const { flag, description } of suite.optional ?? []) command.option(flag, description);
  try {
    await command.parseAsync();
  } catch (error) {
    console.error(`${suite.name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

async function bench(suite: Suite, options: Options): Promise<void> {
  const { dir, rounds, quick, json, check } = options;
  const { turnMs = FULL_TURN_MS, leadInMs = 0 } = suite;
  const full: Plan = { rounds: suite.rounds, turnMs, leadInMs };
  const plan = { ...(quick ? (suite.quick ?? QUICK) : full), ...(rounds !== undefined && { rounds }) };
  if (!existsSync(dir)) throw new Error(`there is no folder ${dir}`);
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize < SPACE_NEEDED) throw new Error(`${dir} has less than 4 GiB free`);
  using jsonFile = json === undefined ? undefined : new ReportFile(json);
  const present = await withOptional(suite, options);
  const startedAt = new Date().toISOString();
  const environment = await describeEnvironment(resolve(dir));
  const warnings = [...warningsAbout(environment), ...tellOfOtherRuns(dir)];
  for (const warning of warnings) console.error(`Warning: ${warning}`);

  const results = await runIn(present, dir, plan);
  if (results === undefined) return;
  const verdicts = judge(suite, results);
  const doubtful = suite.doubts(results);
  printReport(suite, environment, results, verdicts, [...warnings, ...doubtful]);
  if (jsonFile) {
    const about = { schemaVersion: SCHEMA_VERSION, startedAt, plan, environment, warnings: [...warnings, ...doubtful] };
    const report = { ...about, bars: verdicts, turns: suite.turns, ...results };
    jsonFile.write(`${JSON.stringify(report, null, 2)}\n`);
  }
  if (check && verdicts.some(({ holds, isAim }) => holds === false && !isAim)) process.exitCode = 1;
}

/** The suite with those of its optional contestants that are asked for, and can take part. */
async function withOptional(suite: Suite, options: Options): Promise<Suite> {
  const absent = new Map<string, string>();
  for (const { name, flag, prepare } of suite.optional ?? []) {
    const isAskedFor = options[flag.slice('--'.length)] === true;
    const reason = isAskedFor ? await interruptibly(prepare) : `only with ${flag}`;
    if (reason !== undefined) absent.set(name, reason);
  }
  return { ...suite, whyAbsent: (name) => absent.get(name) ?? suite.whyAbsent(name) };
}

/** A signal ends `act` and the process. */
async function interruptibly<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handler = () => {
      interrupt.abort();
      process.exit(128 + constants.signals[signal]);
    };
    process.once(signal, handler);
    return () => process.off(signal, handler);
  });
  try {
    return await act(interrupt.signal);
  } finally {
    for (const remove of handlers) remove();
  }
}

/** Undefined where a signal ended it. The folder is removed in any case. */
async function runIn(suite: Suite, dir: string, plan: Plan): Promise<Results | undefined> {
  let interruptedBy: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interruptedBy = signal;
      process.exitCode = 128 + constants.signals[signal];
    });
  }
  const bar = new SingleBar({
    format: '{bar} {percentage} % | {eta_formatted} left | {what}',
    noTTYOutput: true,
    notTTYSchedule: NO_TERMINAL_REPORT_MS,
  });
  const onProgress: OnProgress = (done, total, what) => {
    if (interruptedBy) throw new Error(interruptedBy);
    bar.setTotal(total);
    bar.update(done, { what });
  };

  using folder = new WorkFolder(dir, 'bars');
  bar.start(1, 0, { what: '' });
  try {
    return await runRounds(suite, folder.path, plan, onProgress);
  } catch (error) {
    if (interruptedBy) return undefined;
    throw error;
  } finally {
    bar.stop();
  }
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new InvalidArgumentError('A whole number of at least 1 is needed.');
  return rounds;
}
