// `npm run simulate -- --seeds N --first SEED`: simulates N seeds in each kind of trouble, and prints those that fail.
// `--replay SEED --trouble KIND` runs one of them again, and prints what happens. Kinds that begin with "runners" are of
// runners on slow and failing disks, with `earlyRelease` where the seed is odd; those with "states" compact whatever their
// peers lack, and give them their states. "databases" and "runners-databases" are of replicas in databases, which takes much
// longer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { Database } from '../dist/lib/index.js';
import { Simulation } from '../dist/lib/testing/index.js';
import { RunnerSimulation } from '../dist/lib/testing/runner-simulation.js';
import { stop } from './workspace.mjs';

const ALL = { loss: true, reconfiguration: true };
const engine = (options) => Simulation.run(options);
const runners = (options, sabotage) =>
  RunnerSimulation.run({ ...options, earlyRelease: options.seed % 2 === 1 }, sabotage);
const states = (options, sabotage) => runners({ ...options, stateTransfer: true }, sabotage);

/** How a seed is run, by kind. */
const TROUBLES = {
  faults: engine,
  loss: (options) => engine({ ...options, loss: true }),
  reconfiguration: (options) => engine({ ...options, reconfiguration: true }),
  all: (options) => engine({ ...options, ...ALL }),
  runners: (options) => runners(options),
  'runners-loss': (options) => runners({ ...options, loss: true }),
  'runners-all': (options) => runners({ ...options, ...ALL }),
  'runners-busy': (options) => runners({ ...options, busy: true, loss: true }),
  'runners-states': (options) => states(options),
  'runners-states-loss': (options) => states({ ...options, loss: true }),
  'runners-states-all': (options) => states({ ...options, ...ALL }),
  'runners-states-lost': (options) => states({ ...options, ...ALL, lostStates: true }),
  databases: async (options) => Simulation.runSabotaged({ ...options, ...ALL, families: await families() }),
  'runners-databases': (options) => states({ ...options, loss: true }, { folder: temporaryFolder() }),
};
const USUAL = Object.keys(TROUBLES).filter((kind) => !kind.endsWith('databases'));

let database;
let folder;

const { seeds, first, replay, trouble } = options();
try {
  if (replay === undefined) await simulateAll();
  else await replayOne();
} finally {
  await database?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
}

function temporaryFolder() {
  folder ??= mkdtempSync(join(tmpdir(), 'omnipaxos-simulation-'));
  return folder;
}

async function families() {
  const names = [1, 2, 3, 4, 5].map((pid) => `replica-${pid}`);
  database ??= await Database.open(temporaryFolder(), { columnFamilies: names });
  return names.map((name) => database.columnFamily(name));
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        first: { type: 'string', default: '0' },
        replay: { type: 'string' },
        trouble: { type: 'string' },
      },
    });
    for (const name of ['seeds', 'first', 'replay']) {
      if (values[name] === undefined) continue;
      if (!/^\d+$/.test(values[name])) stop(`--${name} must be a number, not ${values[name]}.`);
      values[name] = Number(values[name]);
    }
    if (values.trouble !== undefined && !Object.hasOwn(TROUBLES, values.trouble)) {
      stop(`--trouble must be one of ${Object.keys(TROUBLES).join(', ')}, not ${values.trouble}.`);
    }
    return values;
  } catch (error) {
    return stop(error.message);
  }
}

function run(kind, seed, trace) {
  return TROUBLES[kind]({ seed, replicas: seed % 3 === 0 ? 5 : 3, trace });
}

async function simulateAll() {
  const kinds = trouble === undefined ? USUAL : [trouble];
  const format = 'simulating [{bar}] {value} of {total} runs, {failed} failed, {eta_formatted} to go';
  const bar = new cliProgress.SingleBar({ format, noTTYOutput: true, notTTYSchedule: 30_000 });
  let failed = 0;
  bar.start(seeds * kinds.length, 0, { failed: 0 });
  for (let seed = first; seed < first + seeds; seed++) {
    for (const kind of kinds) {
      try {
        await run(kind, seed);
      } catch (error) {
        failed++;
        fail(`\n${error.message}\n  npm run simulate -- --replay ${seed} --trouble ${kind}`);
      }
      bar.increment({ failed });
    }
    await setImmediate(); // engines that are no longer used are freed between the turns of the event loop
  }
  bar.stop();
}

async function replayOne() {
  try {
    console.log(await run(trouble ?? 'faults', replay, console.log));
  } catch (error) {
    fail(error.message);
  }
}

/** The folder is removed first. */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
