// `npm run linearizability`: clients of the replicated key-value example, while its processes are killed, stopped and cut off, and
// their clocks jump, for as long as is asked for. Exits with 1 where what they were told is not linearizable.

import { createWriteStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { Table } from 'console-table-printer';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { ReplicatedKv } from '../support/replicated-kv.js';
import { buildPorcupine, type Check, checkSmall, type Findings, type Histories, linesOf } from './checkers.js';
import { runClients } from './clients.js';
import { Links } from './links.js';
import { historyOfStaleRead } from './stale-read.js';
import { Troubles } from './troubles.js';
import { WallClocks } from './wall-clock.js';

interface Options {
  seconds: number;
  seed: number;
  clients: number;
  keys: number;
  dir: string;
}

const SHOW_MS = 500;
const NO_TERMINAL_REPORT_MS = 30_000;

let cluster: ReplicatedKv | undefined;

await new Command('linearizability')
  .description('Checks what clients of the replicated key-value example are told while its processes are in trouble.')
  .option('--seconds <n>', 'how long the trouble goes on', parseCount, 60)
  .option('--seed <n>', 'what the choices of clients and troubles follow from', parseCount, Date.now() % 1_000_000)
  .option('--clients <n>', 'how many ask at the same time', parseCount, 10)
  .option('--keys <n>', 'how many are in use at the same time', parseCount, 3)
  .option('--dir <dir>', 'where to make a folder for the histories and what is found in them', '.')
  .action(async (options: Options) => {
    const folder = resolve(await mkdtemp(join(options.dir, 'linearizability-')));
    const scratch = join(folder, 'scratch');
    await mkdir(scratch);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        cluster?.killAll();
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
        process.exit(128 + constants.signals[signal]);
      });
    }
    try {
      if (!(await isLinearizable(folder, scratch, options))) process.exitCode = 1;
    } finally {
      await cluster?.killAll();
      await rm(scratch, { recursive: true, maxRetries: 3 });
    }
  })
  .parseAsync();

async function isLinearizable(folder: string, scratch: string, options: Options): Promise<boolean> {
  const checks: Check[] = [checkSmall];
  const porcupine = buildPorcupine(scratch, folder);
  if (typeof porcupine === 'string') console.error(`Not checked by porcupine, but by a small checker: ${porcupine}`);
  else checks.push(porcupine);
  await tryCheckers(scratch, checks);
  await rm(join(folder, 'refused-stale.html'), { force: true });

  const { histories, counts } = await run(scratch, options);
  const file = join(folder, 'histories.jsonl');
  await pipeline(Readable.from(linesOf(histories)), createWriteStream(file));
  const findings: Findings[] = [];
  for (const check of checks) findings.push(await check(histories));
  report(histories, counts, findings, options);
  const isGood = findings.every(({ refused, undecided }) => refused.length + undecided.length === 0);
  console.log(`The histories are in ${file}${isGood ? '' : ', and drawings of those that were refused beside it'}.`);
  return isGood;
}

/** One that lets a stale read pass could find nothing. */
async function tryCheckers(scratch: string, checks: readonly Check[]): Promise<void> {
  cluster = await ReplicatedKv.three(join(scratch, 'stale'));
  const history = await historyOfStaleRead(cluster);
  await cluster.killAll();
  for (const check of checks) {
    const { checker, refused } = await check(new Map([['right', history.slice(0, -1)]]));
    if (refused.length > 0) throw new Error(`${checker} refuses a history that is linearizable`);
    const stale = await check(new Map([['stale', history]]));
    if (stale.refused.length === 0) throw new Error(`${checker} does not see that a read was stale`);
  }
}

async function run(scratch: string, { seconds, seed, clients, keys }: Options) {
  await using links = new Links();
  const clocks = WallClocks.find(scratch);
  if (clocks === undefined) console.error('No clock jumps: libfaketime is not installed (Debian: "libfaketime").');
  cluster = await ReplicatedKv.three(join(scratch, 'data'), {
    through: (from, to, port) => links.open(from, to, port),
    env: (pid) => clocks?.env(pid) ?? {},
  });
  const start = performance.now();
  const isOver = () => performance.now() - start > seconds * 1000;
  const troubles = new Troubles({ cluster, links, clocks, random: new SeededRandom(seed), isOver });
  const bar = new SingleBar({
    format: `{bar} {percentage} % | seed ${seed} | {kills} kills, {pauses} pauses, {partitions} partitions`,
    noTTYOutput: true,
    notTTYSchedule: NO_TERMINAL_REPORT_MS,
  });
  bar.start(seconds, 0, troubles.counts);
  const showing = setInterval(() => {
    bar.update(Math.min(seconds, Math.floor((performance.now() - start) / 1000)), troubles.counts);
  }, SHOW_MS);
  try {
    const [histories] = await Promise.all([runClients({ cluster, clients, keys, seed, isOver }), troubles.run()]);
    bar.update(seconds, troubles.counts);
    return { histories, counts: troubles.counts };
  } finally {
    clearInterval(showing);
    bar.stop();
  }
}

function report(
  histories: Histories,
  counts: Troubles['counts'],
  findings: readonly Findings[],
  { seed, seconds }: Options,
): void {
  const operations = [...histories.values()].flat();
  const table = new Table({
    shouldDisableColors: true,
    columns: [{ name: 'what', alignment: 'left' }, { name: 'count' }],
  });
  const rows: [string, string | number][] = [
    ['seed', seed],
    ['seconds', seconds],
    ['operations', operations.length],
    ['of them with an unknown outcome', operations.filter(({ end }) => end === undefined).length],
    ['kills', counts.kills],
    ['pauses', counts.pauses],
    ['partitions', counts.partitions],
    ['jumps of a wall clock', counts.clockJumps],
    ['snapshots and transfers of the lead', counts.snapshotsAndTransfers],
  ];
  for (const { checker, histories: checked, refused, undecided } of findings) {
    rows.push([`histories checked by ${checker}`, checked], ['of them not linearizable', refused.join(' ') || 0]);
    if (undecided.length > 0) rows.push(['of them undecided', undecided.join(' ')]);
  }
  for (const [what, count] of rows) table.addRow({ what, count });
  table.printTable();
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('A whole number of at least 1 is needed.');
  return count;
}
