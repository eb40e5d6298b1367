// `npm run damage -- --states N --seed S`: damages N copies of databases and opens each. Exits with 1 where one has lost something
// without a word that could have been told, has hung or crashed. `--replay SEED:STATE` does one of them again, and keeps it.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { Table } from 'console-table-printer';
import { type CampaignOptions, type Findings, runCampaign } from './campaign.js';
import { causeOf } from './causes.js';
import { described, planState } from './damage.js';
import { buildImages } from './images.js';
import { OpenerPool, type Verdict } from './opener-pool.js';
import { scratchParent } from './scratch.js';

interface Options {
  states: number;
  seed: number;
  replay?: { seed: number; state: number };
}

const SHOWN_FAILURES = 20;
const NO_TERMINAL_REPORT_MS = 30_000;
const VERDICTS: readonly Verdict[] = [
  'whole',
  'refused at open',
  'refused at read',
  'refused at write',
  'silent',
  'hang',
  'wrong error',
  'crash',
];

await new Command('damage')
  .description('Opens databases with damaged files: each must open whole, or be refused.')
  .option('--states <n>', 'how many damaged databases are opened', parseCount, 20_000)
  .option('--seed <n>', 'what the damages follow from', parseCount, Date.now() % 1_000_000)
  .option('--replay <seed:state>', 'do one of them again, and keep its folder', parseReplay)
  .action(async ({ replay, ...options }: Options) => {
    const scratch = mkdtempSync(join(replay === undefined ? scratchParent() : tmpdir(), 'omnipaxos-damage-'));
    using pool = new OpenerPool(scratch, replay === undefined ? availableParallelism() : 1);
    const removeAll = () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        pool[Symbol.dispose]();
        removeAll();
        process.exit(128 + constants.signals[signal]);
      });
    }
    if (replay !== undefined) {
      await replayOne(pool, scratch, replay);
      return;
    }
    try {
      if (!(await isLawful(pool, scratch, options))) process.exitCode = 1;
    } finally {
      pool[Symbol.dispose]();
      removeAll();
    }
  })
  .parseAsync();

async function isLawful(pool: OpenerPool, scratch: string, { states, seed }: Options): Promise<boolean> {
  const images = await buildImages(scratch, seed);
  const bar = new SingleBar({
    format: `{bar} {value} of {total} states | seed ${seed} | {silent} silent | {eta_formatted} to go`,
    noTTYOutput: true,
    notTTYSchedule: NO_TERMINAL_REPORT_MS,
  });
  bar.start(states, 0, { silent: 0 });
  let silent = 0;
  const onState: CampaignOptions['onState'] = (_, { verdict }) => {
    if (verdict === 'silent') silent++;
    bar.increment({ silent });
  };
  const findings = await runCampaign({ images, pool, seed, states: Array(states).keys(), onState });
  bar.stop();
  report(findings, seed);
  return findings.failures.length === 0;
}

function report({ states, table, codes, causes, failures }: Findings, seed: number): void {
  const columns = VERDICTS.filter((verdict) => [...table.values()].some((counts) => counts[verdict] !== undefined));
  const shown = new Table({
    shouldDisableColors: true,
    columns: [{ name: 'damage', alignment: 'left' }, ...columns.map((name) => ({ name }))],
  });
  for (const [damage, counts] of [...table].sort()) {
    shown.addRow({ damage, ...Object.fromEntries(columns.map((verdict) => [verdict, counts[verdict] ?? 0])) });
  }
  shown.printTable();
  const listed = (counts: Map<string, number>) =>
    [...counts].sort(([, a], [, b]) => b - a).map(([what, count]) => `  ${count} × ${what}`);
  console.log([`${states} states of seed ${seed}. Codes of the errors:`, ...listed(codes)].join('\n'));
  if (causes.size > 0) console.log(['What broke the law, by cause:', ...listed(causes)].join('\n'));
  if (failures.length > 0) console.error(`${failures.length} of them could have been told. The first:`);
  for (const { state, outcome, cause } of failures.slice(0, SHOWN_FAILURES)) {
    console.error(
      `\n${cause} (${state.image.name}: ${state.damages.map(described).join(' and ')})\n` +
        `  ${outcome.code ?? ''} ${outcome.detail ?? ''}\n  npm run damage -- --replay ${seed}:${state.number}`,
    );
  }
}

/** Its images are made anew: what follows from the moment they were made, like the ids of a database, differs. */
async function replayOne(pool: OpenerPool, scratch: string, replay: { seed: number; state: number }): Promise<void> {
  const images = await buildImages(scratch, replay.seed);
  const state = planState(images, replay.seed, replay.state);
  console.log(`${state.image.name}: ${state.damages.map(described).join(' and ')}`);
  await pool.openAll(
    [state],
    (_, outcome) => {
      console.log(outcome);
      console.log(causeOf(outcome.verdict, state) ?? 'The law holds.');
    },
    { keep: true },
  );
  console.log(
    `It is in ${scratch}: opener-0/db-as-found is what was opened, "${state.image.name}" what it was made from.`,
  );
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('A whole number of at least 1 is needed.');
  return count;
}

function parseReplay(text: string): { seed: number; state: number } {
  const [, seed, state] = /^(\d+):(\d+)$/.exec(text) ?? [];
  if (seed === undefined) throw new InvalidArgumentError('SEED:STATE is needed, as a failing state prints it.');
  return { seed: Number(seed), state: Number(state) };
}
