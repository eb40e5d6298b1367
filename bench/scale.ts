// `npm run bench:scale`: what databases do and take while they are written to, compacted and reopened for long, and whether
// anything grows with what is past.

import { existsSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { drawLives } from './scale/chart.js';
import { growthOf } from './scale/growth.js';
import { entriesOf, LIVES, type Life } from './scale/life.js';
import type { Point } from './scale/point.js';
import { printLife } from './scale/report.js';
import { runLife } from './scale/run-life.js';
import { describeEnvironment, warningsAbout } from './shared/environment.js';
import { ReportFile } from './shared/report-file.js';
import { endOnSignals, tellOfOtherRuns, WorkFolder } from './shared/work-folder.js';

const FULL_ENTRIES = 100_000_000;
const QUICK_ENTRIES = 2_000_000;
const SCHEMA_VERSION = 1;
const SPACE_NEEDED = 4 * 1024 ** 3;

interface Options {
  dir: string;
  entries?: number;
  quick?: true;
  only?: string[];
  svg?: string;
  json?: string;
  check?: true;
}

const command = new Command('bench:scale')
  .description('Measures databases that are written to, compacted and reopened for long: about ten minutes.')
  .option('--dir <dir>', 'where to write, in a folder of its own that is removed afterwards', '.')
  .option('--entries <n>', `of the longest log (default: ${FULL_ENTRIES}); the others have a part of it`, parseEntries)
  .option('--quick', `half a minute: ${QUICK_ENTRIES} entries`)
  .addOption(new Option('--only <names...>', 'not all of them').choices(LIVES.map(({ name }) => name)))
  .option('--svg <file>', 'a new file for the charts (default: none)')
  .option('--json <file>', 'a new file for every figure, with what it was measured on (default: none)')
  .option('--check', 'exits with 1 where something has grown')
  .action(bench);
try {
  await command.parseAsync();
} catch (error) {
  console.error(`bench:scale: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function bench({ dir, entries: asked, quick, only, svg, json, check }: Options): Promise<void> {
  const entries = asked ?? (quick ? QUICK_ENTRIES : FULL_ENTRIES);
  const lives = LIVES.filter(({ name }) => only?.includes(name) ?? true);
  if (!existsSync(dir)) throw new Error(`there is no folder ${dir}`);
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize < SPACE_NEEDED) throw new Error(`${dir} has less than 4 GiB free`);
  using svgFile = svg === undefined ? undefined : new ReportFile(svg);
  using jsonFile = json === undefined ? undefined : new ReportFile(json);
  const startedAt = new Date().toISOString();
  const environment = await describeEnvironment(resolve(dir));
  const warnings = [...warningsAbout(environment), ...tellOfOtherRuns(dir)];
  for (const warning of warnings) console.error(`Warning: ${warning}`);

  const measured = await liveAll(lives, dir, entries);
  const report = lives.map((life, i) => {
    const points = measured[i] as Point[];
    return { name: life.name, title: life.title, growth: growthOf(life, points), points };
  });
  for (const { title, points, growth } of report) printLife(title, points, growth);
  const { cpu, cpus, system, node, folder } = environment;
  const machine = `${cpus} × ${cpu}, ${system}, Node ${node}`;
  console.log(`${machine}\n${folder}`);
  svgFile?.write(await drawLives(report, `${machine}, ${startedAt.slice(0, 10)}`));
  const about = { schemaVersion: SCHEMA_VERSION, startedAt, entries, environment, warnings };
  jsonFile?.write(`${JSON.stringify({ ...about, lives: report }, null, 2)}\n`);
  const hasGrown = report.some(({ growth }) => growth.some(({ holds }) => holds === false));
  if (check && hasGrown) process.exitCode = 1;
}

/** Lives them one after another; the points of each. */
async function liveAll(lives: readonly Life[], dir: string, entries: number): Promise<Point[][]> {
  const workOf = (life: Life, done: number) => done * life.weight;
  const total = lives.reduce((sum, life) => sum + workOf(life, entriesOf(life, entries)), 0);
  const bar = new SingleBar({
    format: '{bar} {percentage} % | {eta_formatted} left | {what}',
    noTTYOutput: true,
    notTTYSchedule: 20_000,
  });
  using folder = new WorkFolder(dir, 'scale');
  const ended = new AbortController();
  endOnSignals(folder, () => ended.abort());
  bar.start(total, 0, { what: '' });
  try {
    const all: Point[][] = [];
    let before = 0;
    for (const life of lives) {
      const setting = { life: life.name, path: join(folder.path, life.name), entries: entriesOf(life, entries) };
      bar.update(before, { what: life.title });
      all.push(
        await runLife(setting, ended.signal, (done) =>
          bar.update(before + workOf(life, Math.min(done, setting.entries))),
        ),
      );
      before += workOf(life, setting.entries);
    }
    return all;
  } finally {
    bar.stop();
  }
}

function parseEntries(text: string): number {
  const entries = Number(text);
  if (!Number.isInteger(entries) || entries < 1) throw new InvalidArgumentError('It must be a whole number from 1 up.');
  return entries;
}
