// The demo behind `npm run demo:crash`: a replica appends 20,000 real flight records, and is killed with SIGKILL again and again.
// After each kill its log is reopened and compared with everything it had acknowledged. Exits with 1 if anything was lost.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Table } from 'console-table-printer';
import { readFlights } from '../flights.js';
import { type Acknowledged, check } from './check.js';
import type { Acknowledgement } from './protocol.js';

/** How many lives are to be cut short. There are some to spare: one that reaches the end before its kill does not count. */
const PLANNED_KILLS = 16;
const LEAST_KILLS = 10;
/** At most so long after the acknowledgement comes the kill: within a write, or between two. */
const MAX_DELAY_MS = 4;
/** Every third life is killed within this time: while it starts, opens the database or recovers the log. */
const MAX_START_MS = 200;

type Doom = { atRecord: number } | { afterMs: number } | 'none';

const flights = readFlights();
const folder = await mkdtemp(join(tmpdir(), 'crash-demo-'));
const acknowledged: Acknowledged = { promise: 0, acceptedRound: 0, next: 0, decided: 0, compacted: 0 };
let replica: ChildProcess | undefined;
process.once('exit', () => replica?.kill('SIGKILL'));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];
let interruptedBy: Signal | undefined;
function interrupt(signal: Signal): void {
  interruptedBy ??= signal;
  replica?.kill('SIGKILL');
}
for (const signal of SIGNALS) process.once(signal, interrupt);

console.log(
  `A replica appends ${flights.length} flight records to ${folder} and is killed again and again on the way.\n`,
);
const bar = new SingleBar({
  format: '{bar} {value}/{total} records | {kills} kills | lost {lost}',
  hideCursor: true,
  noTTYOutput: true,
});
bar.start(flights.length, 0, { kills: 0, lost: 0 });

let kills = 0;
let lost = 0;
let fsyncs = 0;
let unacknowledged = 0;
let recovered = 0;
let busyMs = 0;
const violations: string[] = [];

for (let finished = false; !finished && !interruptedBy; ) {
  finished = await live(kills < PLANNED_KILLS ? doom(kills) : 'none');
  if (interruptedBy) break;
  if (!finished) kills++;
  const found = await check(folder, flights, acknowledged);
  lost += found.lost;
  violations.push(...found.violations);
  if (found.lost > 0 || found.violations.length > 0) break; // a replica must not go on from a log that is wrong
  unacknowledged += found.next - acknowledged.next;
  recovered = found.next;
  acknowledged.next = found.next; // it was found on disk, so it must stay there
  bar.update(found.next, { kills, lost });
}
bar.stop();
if (interruptedBy) {
  await rm(folder, { recursive: true });
  process.exit(128 + constants.signals[interruptedBy]);
}

const ok = lost === 0 && violations.length === 0 && recovered === flights.length && kills >= LEAST_KILLS;
const table = new Table({
  shouldDisableColors: true,
  columns: [
    { name: 'what', title: 'crash demo', alignment: 'left' },
    { name: 'value', title: '', alignment: 'right' },
  ],
});
for (const [what, value] of [
  ['records', flights.length],
  ['kills (SIGKILL)', kills],
  ['acknowledged', acknowledged.next - unacknowledged],
  ['written, killed before the acknowledgement', unacknowledged],
  ['recovered after the last reopen', recovered],
  ['lost', lost],
  ['fsyncs', fsyncs],
  ['appends per second', Math.round(acknowledged.next / (busyMs / 1000))],
]) {
  table.addRow({ what, value });
}
console.log();
table.printTable();
for (const violation of violations) console.error(`violated: ${violation}`);
console.log(ok ? `lost ${lost}` : `lost ${lost}: NOT what was promised. The database is kept in ${folder}`);
if (ok) await rm(folder, { recursive: true });
process.exitCode = ok ? 0 : 1;

/** One life of the replica. True if it came to its end, false if its doom came first. */
async function live(doom: Doom): Promise<boolean> {
  const child = fork(new URL('./replica.js', import.meta.url), [folder], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  replica = child;
  let done = false;
  let lastFsyncs = 0;
  let begun = 0;
  let killer: NodeJS.Timeout | undefined;
  const killIn = (ms: number) => {
    killer ??= setTimeout(() => child.kill('SIGKILL'), ms);
  };
  if (doom !== 'none' && 'afterMs' in doom) killIn(doom.afterMs);
  child.on('message', (message) => {
    const ack = message as Acknowledgement;
    lastFsyncs = Math.max(lastFsyncs, ack.fsyncs);
    begun ||= performance.now();
    if (ack.what === 'promise') acknowledged.promise = Math.max(acknowledged.promise, ack.n);
    if (ack.what === 'acceptedRound') acknowledged.acceptedRound = Math.max(acknowledged.acceptedRound, ack.n);
    if (ack.what === 'decided') acknowledged.decided = ack.idx;
    if (ack.what === 'compacted') acknowledged.compacted = ack.idx;
    if (ack.what === 'done') done = true;
    if (ack.what === 'appended') {
      acknowledged.next = ack.next;
      bar.update(ack.next);
    }
    if (doom !== 'none' && 'atRecord' in doom && acknowledged.next >= doom.atRecord)
      killIn(Math.random() * MAX_DELAY_MS);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(killer);
  replica = undefined;
  fsyncs += lastFsyncs;
  if (begun > 0) busyMs += performance.now() - begun;
  const ending = SIGNALS.find((one) => one === signal);
  if (ending)
    interrupt(ending); // Ctrl-C goes to both of us
  else if (!done && signal !== 'SIGKILL') throw new Error(`the replica ended by itself, with exit code ${code}`);
  return done;
}

/** The kills are spread over the first nine tenths of the records, each at a random place within its part. */
function doom(kill: number): Doom {
  if (kill % 3 === 2) return { afterMs: Math.random() * MAX_START_MS };
  return { atRecord: Math.floor(((kill + Math.random()) * flights.length * 0.9) / PLANNED_KILLS) };
}
