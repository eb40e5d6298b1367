// Random sequences of every operation, on every storage and on a plain model. After every step all of them tell the same,
// and so does a storage newly opened on what the step has left on disk: the live cursor always equals what reopening
// would find. On a failure fast-check prints the seed and the shortest sequence it could find.

import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  AsyncMemStorage,
  AsyncRocksdbStorage,
  type Database,
  MemStorage,
  RocksdbStorage,
  StorageError,
} from '../../../lib/index.js';
import { LogFamily } from '../../../lib/log/log-family.js';
import { type AnyStorage, all } from '../../../lib/testing/storage-suite/any-storage.js';
import { LogModel } from '../../../lib/testing/storage-suite/log-model.js';
import { observe } from '../../../lib/testing/storage-suite/observe.js';
import { type Entry, type Op, type Step, steps } from '../../support/storage-steps.js';
import { LOG } from '../../support/storages.js';
import { openAt } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Model = LogModel<Entry, Entry>;

const RUNS = 200;
const ASYNC_LOG = 'async log';

async function call(storage: AnyStorage<Entry, Entry>, op: Op): Promise<number | undefined> {
  switch (op.type) {
    case 'appendEntry':
      return storage.appendEntry(op.entry);
    case 'appendEntries':
      return storage.appendEntries(op.entries);
    case 'appendOnPrefix':
      return storage.appendOnPrefix(op.fromIdx, op.entries);
    case 'trim':
      return void (await storage.trim(op.idx));
    case 'setCompactedIdx':
      return void (await storage.setCompactedIdx(op.idx));
    case 'setDecidedIdx':
      return void (await storage.setDecidedIdx(op.idx));
    case 'setPromise':
      return void (await storage.setPromise(op.ballot));
    case 'setAcceptedRound':
      return void (await storage.setAcceptedRound(op.ballot));
    case 'setStopsign':
      return void (await storage.setStopsign(op.stopsign));
    case 'setSnapshot':
      return void (await storage.setSnapshot(op.snapshot));
  }
}

const unencodable = (() => {}) as unknown as Entry;

async function perform(step: Step, storage: AnyStorage<Entry, Entry>, done: boolean, model: Model): Promise<void> {
  const write = async () => {
    switch (step.step) {
      case 'call': {
        const returned = await call(storage, step.op);
        if (done && returned !== undefined) expect(returned).toBe(model.observed.logLen);
        break;
      }
      case 'writeAtomically':
        await storage.writeAtomically(step.ops);
        break;
      case 'failToWrite':
        await storage.writeAtomically([
          ...step.ops,
          { type: 'appendOnPrefix', fromIdx: 0, entries: [] },
          { type: 'appendEntry', entry: unencodable },
        ]);
        break;
      case 'compact':
        if (step.decided) await storage.setDecidedIdx(step.idx);
        await storage.compact(step.idx, step.snapshot);
        break;
    }
  };
  if (done) await write();
  else await expect(write()).rejects.toThrow(StorageError);
}

/** Does `step` to the model; false where it must be refused. */
function foretell(step: Step, model: Model): boolean {
  switch (step.step) {
    case 'call':
      return model.write([step.op]);
    case 'writeAtomically':
      return model.write(step.ops);
    case 'failToWrite':
      return false;
    case 'compact': {
      const { idx, snapshot } = step;
      if (step.decided) model.write([{ type: 'setDecidedIdx', idx }]);
      return model.compact(idx, snapshot);
    }
    default:
      return true;
  }
}

async function expectToTellTheSame(storage: AnyStorage<Entry, Entry>, model: Model): Promise<void> {
  expectSame(await observe(storage), model.observed);
  expectSame(await all(storage.entries(0, undefined, { maxBytes: 500 })), model.indexed);
  const edges = model.edges(6);
  for (const from of edges) {
    expectSame(await storage.getSuffix(from), model.suffix(from));
    for (const to of [...edges, Math.min(from + 1, Number.MAX_SAFE_INTEGER)])
      expectSame(await storage.getEntries(from, to), model.entries(from, to));
  }
}

/** No entry lies on disk but those that are live. */
function expectOnDisk(database: Database, name: string, indices: readonly number[]): void {
  const rows = database.scanSync(database.columnFamily(name), { gte: Buffer.from('L'), lt: Buffer.from('M') });
  expectSame(
    rows.map(({ key }) => Number(key.readBigUInt64BE(2))),
    indices,
  );
}

/** `toStrictEqual`, quick where the two are equal. */
function expectSame(seen: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(seen, wanted)) expect(seen).toStrictEqual(wanted);
}

/** So that what lies on disk can be looked at while another storage has the log: no user's code can do that. */
beforeAll(() => {
  jest.spyOn(LogFamily.prototype, 'claim').mockImplementation(() => {});
});

const path = temporaryFolder();
let database: Database;

async function run(sequence: readonly Step[]): Promise<void> {
  for (const name of [LOG, ASYNC_LOG]) await database.createColumnFamily(name);
  const openBlocking = () => RocksdbStorage.openIn<Entry, Entry>(database, LOG);
  const openAsync = () => AsyncRocksdbStorage.openIn<Entry, Entry>(database, ASYNC_LOG);
  let blocking = openBlocking();
  let async = await openAsync();
  const inMemory = new MemStorage<Entry, Entry>();
  const asyncInMemory = new AsyncMemStorage<Entry, Entry>();
  const model: Model = new LogModel();
  try {
    for (const step of sequence) {
      if (step.step === 'reopen') {
        await database.close();
        database = await openAt(path);
      }
      if (step.step === 'reopen' || step.step === 'openAgain') {
        blocking = openBlocking();
        async = await openAsync();
      }
      const done = foretell(step, model);
      for (const storage of [inMemory, asyncInMemory, blocking, async]) {
        await perform(step, storage, done, model);
        await expectToTellTheSame(storage, model);
      }
      await expectToTellTheSame(openBlocking(), model);
      await expectToTellTheSame(await openAsync(), model);
      for (const name of [LOG, ASYNC_LOG]) expectOnDisk(database, name, model.indices);
    }
  } finally {
    for (const name of [LOG, ASYNC_LOG]) await database.dropColumnFamily(name);
  }
}

describe('after any sequence of operations', () => {
  it('every storage, one that opens what is on disk, and a plain model tell the same', async () => {
    database = await openAt(path);
    await fc.assert(fc.asyncProperty(steps, run), { numRuns: RUNS });
  }, 300_000);
});
