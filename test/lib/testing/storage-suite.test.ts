// The suite passes on the storages of this package, under jest and under node:test, and finds each fault of a broken one.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Database } from '../../../binding/index.js';
import {
  AsyncMemStorage,
  AsyncRocksdbStorage,
  type Ballot,
  type LogIndex,
  MemStorage,
  RocksdbStorage,
  type StorageOp,
} from '../../../lib/index.js';
import { type OpenStorage, storageSuite } from '../../../lib/testing/index.js';
import { runChild } from '../../support/child.js';
import { LOG } from '../../support/storages.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NODE_TEST = fileURLToPath(new URL('fixtures/storage-suite.test.mjs', import.meta.url));

let folder = '';
let database: Database | undefined;

async function openDatabase(): Promise<Database> {
  await database?.close();
  database = await Database.open(folder, { columnFamilies: [LOG] });
  return database;
}

function newDatabase(): Promise<Database> {
  folder = join(temporaryFolder(), 'db');
  return openDatabase();
}

afterEach(async () => {
  await database?.close();
  database = undefined;
});

describe('MemStorage', () => {
  storageSuite({ describe, it }, () => new MemStorage());
});

describe('AsyncMemStorage', () => {
  storageSuite({ describe, it }, () => new AsyncMemStorage());
});

describe('RocksdbStorage', () => {
  storageSuite(
    { describe, it },
    async () => RocksdbStorage.openIn(await newDatabase(), LOG),
    async () => RocksdbStorage.openIn(await openDatabase(), LOG),
  );
});

describe('AsyncRocksdbStorage', () => {
  storageSuite(
    { describe, it },
    async () => AsyncRocksdbStorage.openIn(await newDatabase(), LOG),
    async () => AsyncRocksdbStorage.openIn(await openDatabase(), LOG),
  );
});

interface Failure {
  name: string;
  message: string;
}

/** Which tests of the suite fail on the storages that `open` and `reopen` give. */
async function failures(open: OpenStorage, reopen?: OpenStorage): Promise<Failure[]> {
  const tests: [name: string, run: () => Promise<void>][] = [];
  const around: string[] = [];
  storageSuite(
    {
      describe(name, body) {
        around.push(name);
        body();
        around.pop();
      },
      it: (name, body) => tests.push([[...around, name].join(': '), body]),
    },
    open,
    reopen,
    { seed: 1 },
  );
  const failed: Failure[] = [];
  for (const [name, run] of tests) {
    await run().catch((error) => failed.push({ name, message: error.message }));
  }
  return failed;
}

type Log = MemStorage<unknown>;

/** Storages with one fault each, and a test that must find it. */
const BROKEN: Record<string, [found: string, open: () => Log, reopen?: (log: Log) => Log]> = {
  'getEntries gives what is there of a range with a gap': [
    'returns nothing when any index in the range is missing',
    () =>
      new (class extends MemStorage<unknown> {
        override getEntries(from: LogIndex, to: LogIndex, options?: object): unknown[] {
          const whole = super.getEntries(from, to, options);
          return whole.length > 0 ? whole : [...super.entries(from, to)].map(({ entry }) => entry);
        }
      })(),
  ],
  'getEntries takes `to` in': [
    'gives all of [from, to)',
    () =>
      new (class extends MemStorage<unknown> {
        override getEntries(from: LogIndex, to: LogIndex, options?: object): unknown[] {
          return from < to ? super.getEntries(from, to + 1, options) : super.getEntries(from, to, options);
        }
      })(),
  ],
  'getEntries does not heed maxBytes': [
    'is a prefix of getEntries',
    () =>
      new (class extends MemStorage<unknown> {
        override getEntries(from: LogIndex, to: LogIndex): unknown[] {
          return super.getEntries(from, to);
        }
      })(),
  ],
  'getSuffix ends at the first gap': [
    'passes over a gap',
    () =>
      new (class extends MemStorage<unknown> {
        override getSuffix(from: LogIndex, options?: object): unknown[] {
          const suffix = super.getSuffix(from, options);
          const items = [...super.entries(from)];
          const end = items.findIndex(({ index }, i) => index !== (items[0]?.index ?? 0) + i);
          return end < 0 ? suffix : suffix.slice(0, end);
        }
      })(),
  ],
  'an append lands below the floor': [
    'never land below the compaction floor',
    () =>
      new (class extends MemStorage<unknown> {
        override appendEntries(entries: readonly unknown[]): number {
          const last = [...super.entries(0)].at(-1);
          return super.appendOnPrefix((last?.index ?? -1) + 1, entries);
        }
        override appendEntry(entry: unknown): number {
          return this.appendEntries([entry]);
        }
      })(),
  ],
  'append tells the length and not the index': [
    'never lands below the floor, whatever the log length says',
    () =>
      new (class extends MemStorage<unknown> {
        override append(entries: readonly unknown[]) {
          const to = super.appendEntries(entries);
          return { from: to - entries.length, to };
        }
      })(),
  ],
  'trim removes nothing': [
    'removes [0, idx)',
    () =>
      new (class extends MemStorage<unknown> {
        override trim(idx: LogIndex): void {
          super.trim(Math.min(idx, 0));
        }
      })(),
  ],
  'trim moves the floor': [
    'does not move the floor',
    () =>
      new (class extends MemStorage<unknown> {
        override trim(idx: LogIndex): void {
          super.trim(idx);
          if (idx <= super.getBounds().next) super.setCompactedIdx(Math.max(idx, super.getCompactedIdx()));
        }
      })(),
  ],
  'compact leaves the floor': [
    'does all three',
    () =>
      new (class extends MemStorage<unknown> {
        override compact(idx: LogIndex, snapshot?: unknown): void {
          const floor = super.getCompactedIdx();
          super.compact(idx, snapshot);
          super.setCompactedIdx(floor);
        }
      })(),
  ],
  'compact goes past what is decided': [
    'past the decided index is refused',
    () =>
      new (class extends MemStorage<unknown> {
        override compact(idx: LogIndex, snapshot?: unknown): void {
          const decided = super.getDecidedIdx();
          if (idx > decided && idx <= super.getBounds().next) super.setDecidedIdx(idx);
          super.compact(idx, snapshot);
          super.setDecidedIdx(decided);
        }
      })(),
  ],
  'appendOnPrefix leaves what is behind its entries': [
    'removes everything at or past fromIdx',
    () =>
      new (class extends MemStorage<unknown> {
        override appendOnPrefix(fromIdx: LogIndex, entries: readonly unknown[]): number {
          const behind = [...super.entries(fromIdx + entries.length)];
          let length = super.appendOnPrefix(fromIdx, entries);
          for (const { index, entry } of behind) length = super.appendOnPrefix(index, [entry]);
          return length;
        }
      })(),
  ],
  'the decided index is lost': [
    'may go down again',
    () =>
      new (class extends MemStorage<unknown> {
        override setDecidedIdx(idx: LogIndex): void {
          if (idx > super.getDecidedIdx()) super.setDecidedIdx(idx);
        }
      })(),
  ],
  'an atomic write that is refused is half done': [
    'is nothing at all where one of its operations is invalid',
    () =>
      new (class extends MemStorage<unknown> {
        override writeAtomically(ops: readonly StorageOp<unknown, unknown>[]): void {
          if (!Array.isArray(ops)) super.writeAtomically(ops);
          for (const op of ops) super.writeAtomically([op]);
        }
      })(),
  ],
  'an atomic write does its operations in another order': [
    'does the operations in their order',
    () =>
      new (class extends MemStorage<unknown> {
        override writeAtomically(ops: readonly StorageOp<unknown, unknown>[]): void {
          super.writeAtomically(Array.isArray(ops) ? [...ops].reverse() : ops);
        }
      })(),
  ],
  'the accepted round is taken for the promise': [
    'setAcceptedRound',
    () =>
      new (class extends MemStorage<unknown> {
        override getAcceptedRound(): Ballot | undefined {
          return super.getPromise();
        }
      })(),
  ],
  'a stop-sign cannot be taken away': [
    'with undefined clears it',
    () =>
      new (class extends MemStorage<unknown> {
        override setStopsign(...args: Parameters<Log['setStopsign']>): void {
          if (args[0] !== undefined) super.setStopsign(...args);
        }
      })(),
  ],
  'a snapshot that is null is none': [
    'keeps null',
    () =>
      new (class extends MemStorage<unknown> {
        override getSnapshot(): unknown {
          return super.getSnapshot() ?? undefined;
        }
      })(),
  ],
  'an index comes back as -0': [
    'as an index is 0',
    () =>
      new (class extends MemStorage<unknown> {
        override getDecidedIdx(): LogIndex {
          return super.getDecidedIdx() || -0;
        }
      })(),
  ],
  'an index that is no integer is rounded': [
    'of setDecidedIdx is refused',
    () =>
      new (class extends MemStorage<unknown> {
        override setDecidedIdx(idx: LogIndex): void {
          super.setDecidedIdx(idx === 1.5 ? 1 : idx);
        }
      })(),
  ],
  'entries ends with the log of its last next()': [
    'ends where the log ended at the first next()',
    () =>
      new (class extends MemStorage<unknown> {
        override *entries(from: LogIndex, to?: LogIndex, options?: object) {
          super.entries(from, to, options);
          let next = from;
          for (let [item] = this.#from(next, to); item !== undefined; [item] = this.#from(next, to)) {
            yield item;
            next = item.index + 1;
          }
        }
        #from(from: LogIndex, to: LogIndex | undefined) {
          return [...super.entries(from, to)];
        }
      })(),
  ],
  'the promise is forgotten by a crash': [
    'a storage that was opened again: setPromise',
    () => new MemStorage(),
    (log) => withoutPromise(log),
  ],
  'the last entry is forgotten by a crash': [
    'a storage that was opened again: appendEntry and appendEntries',
    () => new MemStorage(),
    (log) => {
      const { next } = log.getBounds();
      if (next > 0) log.appendOnPrefix(next - 1, []);
      return log;
    },
  ],
};

function withoutPromise(log: Log): Log {
  const forgetful = new MemStorage();
  forgetful.setCompactedIdx(log.getCompactedIdx());
  for (const { index, entry } of log.entries(0)) forgetful.appendOnPrefix(index, [entry]);
  forgetful.setDecidedIdx(log.getDecidedIdx());
  const round = log.getAcceptedRound();
  if (round !== undefined) forgetful.setAcceptedRound(round);
  forgetful.setStopsign(log.getStopsign());
  forgetful.setSnapshot(log.getSnapshot());
  return forgetful;
}

describe('storageSuite', () => {
  it.each(Object.entries(BROKEN))('finds that %s', async (_, [found, open, reopen]) => {
    let log: Log;
    const openOne = () => {
      log = open();
      return log;
    };
    const reopenOne = () => {
      if (reopen !== undefined) log = reopen(log);
      return log;
    };
    const failed = await failures(openOne, reopen && reopenOne);
    expect(failed.map(({ name }) => name)).toEqual(expect.arrayContaining([expect.stringContaining(found)]));
  });

  it('finds nothing wrong with a storage that keeps the contract', async () => {
    let log: Log;
    const open = () => {
      log = new MemStorage();
      return log;
    };
    expect(await failures(open, () => log)).toEqual([]);
  });

  it('tells the seed of a walk that fails, and the steps that it took', async () => {
    const [, open] = BROKEN['trim removes nothing'] as [string, () => Log];
    const walks = (await failures(open)).filter(({ name }) => name.startsWith('a random walk'));
    expect(walks.length).toBeGreaterThan(5);
    const [first] = walks as [Failure];
    const seed = Number(/\{ seed: (\d+) \}/.exec(first.message)?.[1]);
    expect(first.name).toContain(`, ${seed} of 10`); // the first of them has the seed 1
    expect(first.message).toMatch(/type: 'trim'[^\n]*\n[^\n]* is .*must be/s);
    const again = (await failures(open)).filter(({ name }) => name.startsWith('a random walk'));
    expect(again).toEqual(walks);
  });

  it('runs under node:test, on the package as it is published', async () => {
    const { code, stdout } = await runChild(NODE_TEST, [], { nodeArguments: ['--test', '--test-reporter=tap'] });
    expect(stdout).toMatch(/^# fail 1$/m);
    expect(stdout).toMatch(/^# pass [5-9]\d\d$/m);
    expect(stdout).toMatch(/not ok \d+ - keeps null/);
    expect(code).toBe(1);
  });
});
