// The demo behind `npm start`: three replicas, each a process with a database of its own, append 20,000 real flight records.
// Meanwhile they are killed with SIGKILL, and the ways between them are cut. Exits with 1 if anything was lost or done twice.
// Usage: main.js [--kills 16] [--partitions 10] [--records 20000] [--seed <of the faults>]

import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import { Table } from 'console-table-printer';
import { readFlights } from '../flights.js';
import { check, type Findings } from './check.js';
import { Clients } from './clients.js';
import { Cluster, PIDS } from './cluster.js';
import { Faults, planFaults, seeded } from './faults.js';
import { type Options, parseOptions } from './options.js';

/** A cluster that comes to nothing for so long will not come to anything. */
const STUCK_MS = 60_000;
const SHOW_MS = 100;
/** Of what is wrong: one fault can show a thousand times. */
const MAX_SHOWN = 20;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const flights = readFlights();
let options: Options;
try {
  options = parseOptions(process.argv.slice(2), flights.length);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
const { records, kills, partitions, seed } = options;
const folder = await mkdtemp(join(tmpdir(), 'cluster-demo-'));
const cluster = new Cluster(folder);
process.once('exit', () => cluster.close());
let interruptedBy: (typeof SIGNALS)[number] | undefined;
for (const signal of SIGNALS) {
  process.once(signal, () => {
    interruptedBy ??= signal;
    cluster.close();
  });
}

console.log(
  `Three replicas append ${records} flight records, and are killed and cut off meanwhile, by seed ${seed}.\n`,
);
const clients = new Clients(cluster, flights, records);
const faults = new Faults(cluster, planFaults(seeded(seed), records, kills, partitions));
let isStuck = false;
function isOver(): boolean {
  isStuck ||= clients.waitMs > STUCK_MS;
  return isStuck || interruptedBy !== undefined || cluster.failure !== undefined;
}
const bar = new SingleBar({
  format: '{bar} {value}/{total} records | {kills} kills | {partitions} partitions | leader {leader}',
  hideCursor: true,
  noTTYOutput: true,
});
const show = () => {
  bar.update(clients.appended, { kills: faults.kills, partitions: faults.partitions, leader: cluster.leader ?? '-' });
};

await cluster.open();
bar.start(records, 0, { kills: 0, partitions: 0, leader: '-' });
const watching = setInterval(() => {
  show();
  if (isOver()) cluster.close(); // nobody waits for a replica that does not answer
}, SHOW_MS);
const begun = performance.now();
const repaired = faults.carryOut(() => clients.appended, isOver);
await clients.appendAll(() => faults.limit, isOver);
const seconds = (performance.now() - begun) / 1000;
await repaired;
clearInterval(watching);
show();
bar.stop();

const leaderChanges = cluster.leaderChanges;
const findings = isOver() ? undefined : await findingsFromDisk();
await cluster.close();
if (interruptedBy !== undefined) {
  await rm(folder, { recursive: true });
  process.exit(128 + constants.signals[interruptedBy]);
}

const violations = [...(findings?.violations ?? [])];
if (cluster.failure !== undefined) violations.push(cluster.failure);
if (isStuck) violations.push(`nothing was appended for ${STUCK_MS / 1000} s`);
if (findings?.areEqual === false) violations.push('the replicas have not applied the same');
const isDone = clients.appended === records && faults.kills === kills && faults.partitions === partitions;
const ok = isDone && findings?.lost === 0 && findings.appliedTwice === 0 && violations.length === 0;
const unanswered = clients.attempts.filter(({ outcome }) => outcome.type === 'unknown').length;
const table = new Table({
  shouldDisableColors: true,
  columns: [
    { name: 'what', title: 'cluster demo', alignment: 'left' },
    { name: 'value', title: '', alignment: 'right' },
  ],
});
for (const [what, value] of [
  ['records', clients.appended],
  ['kills (SIGKILL)', faults.kills],
  ['of the leader', faults.killsOfLeader],
  ['partitions', faults.partitions],
  ['leader changes', leaderChanges],
  ['attempts without an answer, made again', unanswered],
  ['longest time without progress', `${Math.round(clients.longestWaitMs)} ms`],
  ['decided per second', Math.round(clients.appended / seconds)],
  ['lost', findings?.lost ?? '?'],
  ['applied twice', findings?.appliedTwice ?? '?'],
  ['logs equal', findings === undefined ? '?' : findings.areEqual ? 'yes' : 'NO'],
]) {
  table.addRow({ what, value });
}
console.log();
table.printTable();
for (const violation of violations.slice(0, MAX_SHOWN)) console.error(`violated: ${violation}`);
if (ok) await rm(folder, { recursive: true });
else console.error(`NOT what was promised. The databases are kept in ${folder}`);
process.exitCode = ok ? 0 : 1;

/** All replicas are killed once more, so that what is compared comes from their disks. */
async function findingsFromDisk(): Promise<Findings> {
  await Promise.all(PIDS.map((pid) => cluster.kill(pid)));
  await Promise.all(PIDS.map((pid) => cluster.start(pid)));
  for (const until = performance.now() + STUCK_MS; ; await sleep(SHOW_MS)) {
    const histories = await Promise.all(PIDS.map((pid) => cluster.history(pid)));
    const findings = check(histories, clients.attempts, flights);
    // An attempt that nobody waits for any more may still be on its way to the last replica.
    if (findings.areEqual || isOver() || performance.now() > until) return findings;
  }
}
