// A random walk: every operation, on the storage and on a plain model, which tell the same behind every step. It follows
// from its seed, and its failure tells the seed and the way to where the two part.

import assert from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import type { StorageOp } from '../../contract/storage.js';
import { SeededRandom } from '../seeded-random.js';
import { type AnyStorage, all } from './any-storage.js';
import { refuses } from './contract.js';
import { LogModel } from './log-model.js';
import { observe } from './observe.js';

type Log = AnyStorage<unknown>;
type Op = StorageOp<unknown, unknown>;
type WalkStep =
  /** By the operation's own method. */
  | { step: 'call'; op: Op }
  | { step: 'append'; entries: string[] }
  | { step: 'writeAtomically'; ops: Op[] }
  /** The same, with an operation at its end that must be refused: none of it may happen. */
  | { step: 'refused'; ops: Op[] }
  | { step: 'compact'; idx: number; snapshot: string | undefined }
  | { step: 'reopen' };

const STEPS = 30;
/** Where indices lie: at the bottom, where their high half changes, and at the very top. */
const ANCHORS = [0, 2 ** 32 - 12, 2 ** 53 - 24];

/** Walks from an empty storage. */
export async function walk(seed: number, open: () => unknown, reopen: (() => unknown) | undefined): Promise<void> {
  const random = new SeededRandom(seed);
  const anchor = random.oneOf(ANCHORS);
  const model = new LogModel<unknown, unknown>();
  const taken: WalkStep[] = [];
  try {
    let log = (await open()) as Log;
    for (let i = 0; i < STEPS; i++) {
      const step = stepOf(random, anchor, reopen !== undefined);
      taken.push(step);
      if (step.step === 'reopen') log = (await reopen?.()) as Log;
      else await take(step, log, model);
      await compare(log, model);
    }
  } catch (error) {
    const way = taken.map((step) => inspect(step, { breakLength: Number.POSITIVE_INFINITY, depth: 6 })).join('\n  ');
    const message = `the random walk of { seed: ${seed} } failed behind these steps:\n  ${way}\n${(error as Error).message}`;
    throw new Error(message, { cause: error });
  }
}

function stepOf(random: SeededRandom, anchor: number, canReopen: boolean): WalkStep {
  const ops = () => Array.from({ length: random.within(0, 5) }, () => opOf(random, anchor));
  const dice = random.within(1, 100);
  if (dice <= 50) return { step: 'call', op: opOf(random, anchor) };
  if (dice <= 55) return { step: 'append', entries: entriesOf(random) };
  if (dice <= 75) return { step: 'writeAtomically', ops: ops() };
  if (dice <= 80) return { step: 'refused', ops: ops() };
  if (dice <= 90) return { step: 'compact', idx: indexOf(random, anchor), snapshot: maybe(random, textOf(random)) };
  return canReopen ? { step: 'reopen' } : { step: 'call', op: opOf(random, anchor) };
}

function opOf(random: SeededRandom, anchor: number): Op {
  const idx = indexOf(random, anchor);
  switch (random.within(1, 16)) {
    case 1:
    case 2:
      return { type: 'appendEntry', entry: textOf(random) };
    case 3:
    case 4:
      return { type: 'appendEntries', entries: entriesOf(random) };
    case 5:
    case 6:
    case 7:
      return { type: 'appendOnPrefix', fromIdx: idx, entries: entriesOf(random) };
    case 8:
      return { type: 'appendOnPrefix', fromIdx: idx, entries: [] };
    case 9:
    case 10:
      return { type: 'trim', idx };
    case 11:
      return { type: 'setCompactedIdx', idx };
    case 12:
      return { type: 'setDecidedIdx', idx };
    case 13:
      return { type: 'setPromise', ballot: ballotOf(random) };
    case 14:
      return { type: 'setAcceptedRound', ballot: ballotOf(random) };
    case 15: {
      const nodes = [1, 2, random.within(3, 9)];
      return { type: 'setStopsign', stopsign: maybe(random, { nextConfig: { configurationId: 2, nodes } }) };
    }
    default:
      return { type: 'setSnapshot', snapshot: maybe(random, textOf(random)) };
  }
}

function indexOf(random: SeededRandom, anchor: number): number {
  return random.within(0, 23) + (random.chance(80) ? anchor : 0);
}

function textOf(random: SeededRandom): string {
  return `text ${random.within(0, 9999)}`;
}

function entriesOf(random: SeededRandom): string[] {
  return Array.from({ length: random.within(0, 6) }, () => textOf(random));
}

function ballotOf(random: SeededRandom) {
  const pid = random.oneOf([1, 2, 3, 2 ** 40, 2n ** 60n]);
  return { configId: 1, n: random.within(0, 2 ** 31), priority: random.within(0, 5), pid };
}

function maybe<V>(random: SeededRandom, value: V): V | undefined {
  return random.chance(70) ? value : undefined;
}

async function take(step: Exclude<WalkStep, { step: 'reopen' }>, log: Log, model: LogModel<unknown, unknown>) {
  const done = (refused: boolean, action: () => unknown) => (refused ? refuses(action) : action());
  switch (step.step) {
    case 'call': {
      const isRefused = !model.write([step.op]);
      const returned = await done(isRefused, () => call(log, step.op));
      if (!isRefused && returned !== undefined) assert.equal(returned, model.observed.logLen, 'what the call returned');
      break;
    }
    case 'append': {
      const from = model.next;
      const isRefused = !model.write([{ type: 'appendEntries', entries: step.entries }]);
      const returned = await done(isRefused, () => log.append(step.entries));
      if (!isRefused) assert.deepEqual(returned, { from, to: model.next }, 'what append returned');
      break;
    }
    case 'writeAtomically':
      await done(!model.write(step.ops), () => log.writeAtomically(step.ops));
      break;
    case 'refused':
      await refuses(() => log.writeAtomically([...step.ops, { type: 'setDecidedIdx', idx: -1 }]));
      break;
    case 'compact':
      await done(!model.compact(step.idx, step.snapshot), () => log.compact(step.idx, step.snapshot));
      break;
  }
}

function call(log: Log, op: Op): unknown {
  switch (op.type) {
    case 'appendEntry':
      return log.appendEntry(op.entry);
    case 'appendEntries':
      return log.appendEntries(op.entries);
    case 'appendOnPrefix':
      return log.appendOnPrefix(op.fromIdx, op.entries);
    case 'setPromise':
      return log.setPromise(op.ballot);
    case 'setAcceptedRound':
      return log.setAcceptedRound(op.ballot);
    case 'setStopsign':
      return log.setStopsign(op.stopsign);
    case 'setSnapshot':
      return log.setSnapshot(op.snapshot);
    default:
      return log[op.type](op.idx);
  }
}

async function compare(log: Log, model: LogModel<unknown, unknown>): Promise<void> {
  same('the whole log', await observe(log), model.observed);
  same('entries(0)', await all(log.entries(0, undefined, { maxBytes: 50 })), model.indexed);
  const edges = model.edges(5);
  for (const from of edges) {
    same(`getSuffix(${from})`, await log.getSuffix(from), model.suffix(from));
    for (const to of edges) same(`getEntries(${from}, ${to})`, await log.getEntries(from, to), model.entries(from, to));
  }
}

function same(what: string, seen: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(seen, wanted)) assert.fail(`${what} is ${inspect(seen)}, and must be ${inspect(wanted)}`);
}
