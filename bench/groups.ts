// `npm run bench:groups`: what many groups in one process cost while nothing happens, and what they decide together, beside
// one group. Three processes, each with one database and one transport.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { Table } from 'console-table-printer';
import type { Answers, Request } from './groups/member.js';
import { summarize } from './shared/summary.js';
import { endOnSignals, WorkFolder } from './shared/work-folder.js';

const PIDS = [1, 2, 3];
const IDLE_MS = 5000;
const LOAD_MS = 3000;
const WARM_UP_MS = 1500;

const { dir, groups, rounds, inFlight } = new Command('bench:groups')
  .description('Measures many groups on three processes, idle and at work, beside one group: about three minutes.')
  .option('--dir <dir>', 'where to write, in a folder of its own that is removed afterwards', '.')
  .option('--groups <count>', 'how many groups', Number, 100)
  .option('--rounds <count>', 'how often everything is measured', Number, 3)
  .option('--in-flight <counts...>', 'proposals under way, of all groups together', (v, all: number[] = []) => [
    ...all,
    Number(v),
  ])
  .parse()
  .opts<{ dir: string; groups: number; rounds: number; inFlight?: number[] }>();
const IN_FLIGHT = inFlight ?? [256, 1024, 4096];

interface Figures {
  openMs: number[];
  ledMs: number[];
  /** Of one processor, of each process. */
  idleCpu: number[];
  /** Each second, of each process. */
  idleMessages: number[];
  /** By proposals in flight. */
  rates: Map<number, number[]>;
  cpuUs: Map<number, number[]>;
}

class Trio {
  readonly #children: ChildProcess[];

  constructor() {
    const script = fileURLToPath(new URL('groups/member.js', import.meta.url));
    this.#children = PIDS.map(() => fork(script, { execArgv: process.execArgv }));
  }

  /** Of each process. */
  ask<W extends Request['what']>(request: (i: number) => Extract<Request, { what: W }>): Promise<Answers[W][]> {
    return Promise.all(
      this.#children.map(async (child, i) => {
        child.send(request(i));
        const ended = once(child, 'exit').then(() => {
          throw new Error('a process of the benchmark has ended');
        });
        ended.catch(() => {});
        const [answer] = await Promise.race([once(child, 'message'), ended]);
        return answer as Answers[W];
      }),
    );
  }

  kill(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

const bar = new SingleBar({ format: '{bar} {percentage} % | {what}', noTTYOutput: true, notTTYSchedule: 20_000 });
const workFolder = new WorkFolder(dir, 'groups');
endOnSignals(workFolder);
const many = newFigures();
const one = newFigures();
bar.start(rounds * 2 * (IN_FLIGHT.length + 2), 0, { what: '' });
try {
  for (let round = 0; round < rounds; round++) {
    await measure(groups, many, join(workFolder.path, `${round}-many`));
    await measure(1, one, join(workFolder.path, `${round}-one`));
  }
} finally {
  bar.stop();
  workFolder[Symbol.dispose]();
}
print();

function newFigures(): Figures {
  return { openMs: [], ledMs: [], idleCpu: [], idleMessages: [], rates: new Map(), cpuUs: new Map() };
}

async function measure(count: number, figures: Figures, folder: string): Promise<void> {
  mkdirSync(folder);
  const trio = new Trio();
  try {
    const named = `${count} ${count === 1 ? 'group' : 'groups'}`;
    bar.update({ what: `${named}: opening` });
    const endpoints = (
      await trio.ask<'listen'>((i) => ({ what: 'listen', pid: i + 1, folder: join(folder, `${i + 1}`) }))
    ).map(({ endpoint }) => endpoint);
    for (const { openMs, ledMs } of await trio.ask<'open'>(() => ({ what: 'open', endpoints, groups: count }))) {
      figures.openMs.push(openMs);
      figures.ledMs.push(ledMs);
    }
    await trio.ask<'lead'>(() => ({ what: 'lead' }));
    bar.increment({ what: `${named}: idle` });
    for (const { cpuMs, messages } of await trio.ask<'idle'>(() => ({ what: 'idle', ms: IDLE_MS }))) {
      figures.idleCpu.push(cpuMs / IDLE_MS);
      figures.idleMessages.push((messages * 1000) / IDLE_MS);
    }
    bar.increment();
    await trio.ask<'load'>(() => ({ what: 'load', inFlight: 1024, ms: WARM_UP_MS }));
    for (const inFlight of IN_FLIGHT) {
      bar.update({ what: `${named}: ${inFlight} proposals in flight` });
      const loads = await trio.ask<'load'>(() => ({ what: 'load', inFlight, ms: LOAD_MS }));
      const applied = loads.reduce((sum, load) => sum + load.applied, 0);
      const cpuMs = loads.reduce((sum, load) => sum + load.cpuMs, 0);
      add(figures.rates, inFlight, (applied * 1000) / LOAD_MS);
      add(figures.cpuUs, inFlight, (cpuMs * 1000) / applied);
      bar.increment();
    }
    await trio.ask<'close'>(() => ({ what: 'close' }));
  } finally {
    trio.kill();
  }
}

function add(lists: Map<number, number[]>, key: number, value: number): void {
  lists.set(key, [...(lists.get(key) ?? []), value]);
}

function print(): void {
  const table = new Table({ shouldDisableColors: true, columns: [{ name: 'what', alignment: 'left' }] });
  const row = (what: string, of: (figures: Figures) => readonly number[], show: (figure: number) => string) => {
    const [manyFigure, oneFigure] = [summarize(of(many)).median, summarize(of(one)).median];
    table.addRow({ what, [`${groups} groups`]: show(manyFigure), 'one group': show(oneFigure) });
  };
  const rounded = (figure: number) => Math.round(figure).toLocaleString('en');
  row('until all replicas are open, ms', ({ openMs }) => openMs, rounded);
  row('until each knows its leader, ms', ({ ledMs }) => ledMs, rounded);
  row(
    'idle: % of a processor, each process',
    ({ idleCpu }) => idleCpu,
    (figure) => (figure * 100).toFixed(1),
  );
  row('idle: messages sent a second, each process', ({ idleMessages }) => idleMessages, rounded);
  for (const inFlight of IN_FLIGHT) {
    const what = `${inFlight.toLocaleString('en')} in flight together`;
    row(`${what}: applied a second`, ({ rates }) => rates.get(inFlight) ?? [], rounded);
    row(
      `${what}: µs of processor each, all processes`,
      ({ cpuUs }) => cpuUs.get(inFlight) ?? [],
      (us) => us.toFixed(1),
    );
  }
  console.log();
  table.printTable();
}
