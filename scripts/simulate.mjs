// `npm run simulate -- --seeds N --first SEED`: simulates N seeds in each kind of trouble, and prints those that fail.
// `--replay SEED --trouble KIND` runs one of them again, and prints what happens.

import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { Simulation } from '../dist/lib/testing/index.js';
import { stop } from './workspace.mjs';

const TROUBLES = {
  faults: {},
  loss: { loss: true },
  reconfiguration: { reconfiguration: true },
  all: { loss: true, reconfiguration: true },
};

const { seeds, first, replay, trouble } = options();
if (replay === undefined) await simulateAll();
else replayOne();

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

function settings(seed, kind) {
  return { seed, replicas: seed % 3 === 0 ? 5 : 3, ...TROUBLES[kind] };
}

async function simulateAll() {
  const kinds = trouble === undefined ? Object.keys(TROUBLES) : [trouble];
  const format = 'simulating [{bar}] {value} of {total} runs, {failed} failed, {eta_formatted} to go';
  const bar = new cliProgress.SingleBar({ format, noTTYOutput: true, notTTYSchedule: 30_000 });
  const failures = [];
  bar.start(seeds * kinds.length, 0, { failed: 0 });
  for (let seed = first; seed < first + seeds; seed++) {
    for (const kind of kinds) {
      try {
        Simulation.run(settings(seed, kind));
      } catch (error) {
        failures.push(`${error.message}\n  npm run simulate -- --replay ${seed} --trouble ${kind}`);
      }
      bar.increment({ failed: failures.length });
    }
    await setImmediate(); // engines that are no longer used are freed between the turns of the event loop
  }
  bar.stop();
  if (failures.length > 0) stop(failures.join('\n'));
}

function replayOne() {
  try {
    console.log(Simulation.run({ ...settings(replay, trouble ?? 'faults'), trace: console.log }));
  } catch (error) {
    stop(error.message);
  }
}
