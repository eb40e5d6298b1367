// Compares the disks of three replicas with what these have shown: a promise and an accepted round are kept, and what any of them
// has shown as decided is on a majority of the disks, and decided by those who go on.

import { setImmediate as turn } from 'node:timers/promises';
import type { Ballot } from '../../lib/index.js';
import { observe } from '../../lib/testing/storage-suite/observe.js';
import type { CheckOptions, DiskCheck, Shown } from './disk-check.js';
import { digestOf } from './expected-state.js';
import type { ConsensusMark } from './play-consensus.js';
import { openReplica, PIDS, PowerCluster } from './power-cluster.js';

const MOST_TICKS = 600;

interface Told {
  proposed: Set<string>;
  opened: Set<number>;
  decided: Map<number, string>;
  ballots: Map<number, Extract<ConsensusMark, { type: 'ballots' }>>;
}

interface Found {
  hasPromise: boolean;
  floor: number;
  entries: string[];
}

export class ConsensusCheck implements DiskCheck {
  async check(root: string, marks: readonly string[], { shown, onShown, goOn }: CheckOptions): Promise<Shown> {
    const told = toldBy(marks);
    const disks: Found[] = [];
    const digests: string[] = [];
    const open = await Promise.all(PIDS.map((pid) => openReplica(root, pid)));
    try {
      for (const [i, { storage }] of open.entries()) {
        const observed = await observe(storage);
        const found = foundIn(PIDS[i] as number, observed, told);
        disks.push(found);
        digests.push(digestOf({ ...observed, entries: found.entries }));
      }
      onShown?.();
    } finally {
      for (const { db } of open) await db.close();
    }
    for (const [idx, value] of told.decided) {
      const keepers = disks.filter(({ floor, entries }) => idx < floor || entries[idx - floor] === value);
      if (keepers.length < 2)
        throw new Error(`${idx} was decided, and is on ${keepers.length} of ${PIDS.length} disks`);
    }
    const digest = digestOf(digests);
    if (shown !== undefined && shown !== digest) throw new Error('what an open has shown is not there any more');
    if (goOn) await this.#goOn(root, told, disks);
    return digest;
  }

  async #goOn(root: string, told: Told, disks: readonly Found[]): Promise<void> {
    const cluster = new PowerCluster(root);
    try {
      // A first start that was cut short may have come as far as to promise.
      for (const [i, pid] of PIDS.entries()) await cluster.open(pid, !told.opened.has(pid) && !disks[i]?.hasPromise);
      cluster.reconnect();
      const isIn = (values: readonly Buffer[]) => values.at(-1)?.toString() === LAST;
      const logs = new Map<number, Buffer[]>();
      for (let ticks = 0; ![...PIDS].every((pid) => isIn(logs.get(pid) ?? [])); ticks++) {
        if (ticks === MOST_TICKS) throw new Error(`the replicas decide nothing in ${MOST_TICKS} ticks`);
        await cluster.tick();
        const leader = PIDS.find((pid) => cluster.at(pid).runner.leadership.role === 'leader');
        if (leader !== undefined && ticks % 20 === 0) cluster.at(leader).runner.append(Buffer.from(LAST));
        for (const pid of PIDS) {
          const floor = await cluster.at(pid).storage.getCompactedIdx();
          logs.set(pid, await cluster.decided(pid, floor));
        }
        await turn();
      }
      for (const pid of PIDS) {
        const floor = await cluster.at(pid).storage.getCompactedIdx();
        for (const [idx, value] of told.decided) {
          const now = logs.get(pid)?.[idx - floor]?.toString();
          if (idx >= floor && now !== value)
            throw new Error(`${idx} was decided, and replica ${pid} decides otherwise`);
        }
      }
    } finally {
      await cluster.stop();
    }
  }
}

const LAST = 'proposed after the power cut';

function toldBy(marks: readonly string[]): Told {
  const told: Told = { proposed: new Set([LAST]), opened: new Set(), decided: new Map(), ballots: new Map() };
  for (const text of marks) {
    const mark = JSON.parse(text) as ConsensusMark;
    switch (mark.type) {
      case 'propose':
        told.proposed.add(mark.value);
        break;
      case 'opened':
        told.opened.add(mark.pid);
        break;
      case 'ballots':
        told.ballots.set(mark.pid, mark);
        break;
      case 'decided':
        for (const [i, value] of mark.values.entries()) told.decided.set(mark.idx + i, value);
    }
  }
  return told;
}

function foundIn(
  pid: number,
  observed: Awaited<ReturnType<typeof observe<Uint8Array, unknown>>>,
  { proposed, ballots }: Told,
): Found {
  const { bounds, compactedIdx, decidedIdx, logLen, promise, acceptedRound } = observed;
  const entries = observed.entries.map((bytes) => Buffer.from(bytes).toString());
  const fail = (what: string) => new Error(`replica ${pid}: ${what}`);
  if (bounds.first !== compactedIdx) throw fail(`the log begins at ${bounds.first}, its floor is ${compactedIdx}`);
  if (entries.length !== logLen) throw fail(`the log says that it has ${logLen} entries, and has ${entries.length}`);
  if (decidedIdx > bounds.next) throw fail(`decided up to ${decidedIdx}, and the log ends at ${bounds.next}`);
  const strange = entries.find((entry) => !proposed.has(entry));
  if (strange !== undefined) throw fail(`an entry that nobody has proposed: ${strange.slice(0, 40)}`);
  const told = ballots.get(pid);
  if (isBelow(promise, told?.promise)) throw fail(`has promised ${JSON.stringify(told?.promise)}, and forgotten it`);
  if (isBelow(acceptedRound, told?.acceptedRound)) throw fail('has forgotten its accepted round');
  return { hasPromise: promise !== undefined, floor: compactedIdx, entries };
}

function isBelow(found: Ballot | undefined, told: Ballot | undefined): boolean {
  if (told === undefined) return false;
  if (found === undefined) return true;
  for (const field of ['configId', 'n', 'priority', 'pid'] as const) {
    if (found[field] !== told[field]) return found[field] < told[field];
  }
  return false;
}
