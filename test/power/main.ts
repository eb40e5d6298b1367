// `npm run power`: cuts the power at random places of recorded workloads, opens what a disk may hold then, and compares it with what
// had been acknowledged. Exits with 1 where anything is lost, made up or refused.

import { existsSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { batchesOf, batchOf } from './batch.js';
import { Summary } from './summary.js';
import { endWorkers, type Outcome, runBatches } from './worker-pool.js';

interface Options {
  states: number;
  seed: number;
  jobs: number;
  dir: string;
  replay?: { seed: number; state: number };
  recording?: string;
}

const NO_TERMINAL_REPORT_MS = 30_000;
const MOST_STATES = 1_000_000;
const MOST_SHOWN = 10;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endWorkers();
    process.exit(128 + constants.signals[signal]);
  });
}

await new Command('power')
  .description('Cuts the power of workloads, and compares what is on the disk then with what was acknowledged.')
  .option('--states <n>', 'how many disks are tried', parseCount, 500)
  .option('--seed <n>', 'what they follow from', parseSeed, Date.now() % 1_000_000)
  .option('--jobs <n>', 'how many are tried at the same time', parseCount, availableParallelism())
  .option('--dir <dir>', 'where to make a folder for each disk with a violation', 'power-findings')
  .option('--replay <seed:state>', 'tries one state, and keeps its disk', parseReplay)
  .option('--recording <file>', 'for --replay: the recording that was kept; another one differs in its order')
  .action(async (options: Options) => {
    if (process.platform !== 'linux') throw new Error('The recorder needs LD_PRELOAD, as Linux has it.');
    if (options.recording !== undefined && !existsSync(options.recording)) {
      throw new Error(`There is no recording ${options.recording}.`);
    }
    const isGood = options.replay === undefined ? await tryAll(options) : await replay(options, options.replay);
    if (!isGood) process.exitCode = 1;
  })
  .parseAsync();

async function tryAll({ states, seed, jobs, dir }: Options): Promise<boolean> {
  console.log(`seed ${seed}`);
  const summary = new Summary();
  const bar = new SingleBar({
    format: 'cutting the power [{bar}] {value} of {total} states, {violations} violations, {eta_formatted} to go',
    noTTYOutput: true,
    notTTYSchedule: NO_TERMINAL_REPORT_MS,
  });
  bar.start(states, 0, { violations: 0 });
  const violations: Outcome[] = [];
  const onOutcome = (outcome: Outcome) => {
    summary.add(outcome);
    if (outcome.result.violation !== undefined) violations.push(outcome);
    bar.increment(outcome.state === undefined ? outcome.batch.count : 1, { violations: violations.length });
  };
  await runBatches({ runSeed: seed, batches: batchesOf(seed, states), jobs, findings: resolve(dir), onOutcome });
  bar.stop();
  summary.print();
  for (const outcome of violations.slice(0, MOST_SHOWN)) show(seed, outcome);
  if (violations.length > MOST_SHOWN) console.error(`and ${violations.length - MOST_SHOWN} more`);
  return violations.length === 0;
}

async function replay({ dir, recording }: Options, { seed, state }: { seed: number; state: number }): Promise<boolean> {
  const batches = [batchOf(seed, state)];
  let isGood = false;
  const onOutcome = (outcome: Outcome) => {
    isGood = outcome.result.violation === undefined;
    if (isGood) console.log(`no violation; the disk is in ${outcome.kept}`);
    else show(seed, outcome);
  };
  await runBatches({ runSeed: seed, batches, jobs: 1, findings: resolve(dir), keepAll: true, recording, onOutcome });
  return isGood;
}

function show(seed: number, { batch, state, result, kept }: Outcome): void {
  const { profile, at, violation } = result;
  if (state === undefined) {
    console.error(`\nthe workload ${batch.workload} of seed ${batch.seed} has failed: ${violation}`);
    return;
  }
  console.error(`\n${batch.workload}, ${profile}, cut after ${at} operations: ${violation}`);
  console.error(`  npm run power -- --replay ${seed}:${state} --recording ${kept}/recording`);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1 || count > MOST_STATES) {
    throw new InvalidArgumentError(`A whole number from 1 to ${MOST_STATES} is needed.`);
  }
  return count;
}

function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A number of at most nine digits is needed.');
  return Number(text);
}

function parseReplay(text: string): { seed: number; state: number } {
  const found = /^(\d{1,9}):(\d{1,6})$/.exec(text);
  if (found === null) throw new InvalidArgumentError('A seed and a state are needed, as in 4711:17.');
  return { seed: Number(found[1]), state: Number(found[2]) };
}
