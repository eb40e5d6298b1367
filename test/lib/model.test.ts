// Random sequences of every operation, on both storages and on a plain model. After every step all three tell the same,
// and so does a storage newly opened on what the step has left on disk: the live cursor always equals what reopening
// would find. On a failure fast-check prints the seed and the shortest sequence it could find.

import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Database, MemStorage, RocksdbStorage, type Storage, StorageError } from '../../lib/index.js';
import { LogModel } from '../support/log-model.js';
import { observe } from '../support/observe.js';
import { type Entry, type Op, type Step, steps } from '../support/storage-steps.js';
import { type AnyStorage, LOG } from '../support/storages.js';
import { openAt } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

type Model = LogModel<Entry, Entry>;

const RUNS = 300;

function call(storage: Storage<Entry, Entry>, op: Op): number | undefined {
  switch (op.type) {
    case 'appendEntry':
      return storage.appendEntry(op.entry);
    case 'appendEntries':
      return storage.appendEntries(op.entries);
    case 'appendOnPrefix':
      return storage.appendOnPrefix(op.fromIdx, op.entries);
    case 'trim':
      return void storage.trim(op.idx);
    case 'setCompactedIdx':
      return void storage.setCompactedIdx(op.idx);
    case 'setDecidedIdx':
      return void storage.setDecidedIdx(op.idx);
    case 'setPromise':
      return void storage.setPromise(op.ballot);
    case 'setAcceptedRound':
      return void storage.setAcceptedRound(op.ballot);
    case 'setStopsign':
      return void storage.setStopsign(op.stopsign);
    case 'setSnapshot':
      return void storage.setSnapshot(op.snapshot);
  }
}

const unencodable = (() => {}) as unknown as Entry;

function perform(step: Step, storage: Storage<Entry, Entry>, done: boolean, model: Model): void {
  const write = () => {
    switch (step.step) {
      case 'call': {
        const returned = call(storage, step.op);
        if (done && returned !== undefined) expect(returned).toBe(model.observed.logLen);
        break;
      }
      case 'writeAtomically':
        storage.writeAtomically(step.ops);
        break;
      case 'failToWrite':
        storage.writeAtomically([
          ...step.ops,
          { type: 'appendOnPrefix', fromIdx: 0, entries: [] },
          { type: 'appendEntry', entry: unencodable },
        ]);
        break;
      case 'compact':
        storage.compact(step.idx, step.snapshot);
        break;
    }
  };
  if (done) write();
  else expect(write).toThrow(StorageError);
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
      const saved: Op[] = snapshot === undefined ? [] : [{ type: 'setSnapshot', snapshot }];
      return model.write([...saved, { type: 'trim', idx }, { type: 'setCompactedIdx', idx }]);
    }
    default:
      return true;
  }
}

async function expectToTellTheSame(storage: AnyStorage<Entry, Entry>, model: Model): Promise<void> {
  expectSame(await observe(storage), model.observed);
  const edges = model.edges(6);
  for (const from of edges) {
    expectSame(await storage.getSuffix(from), model.suffix(from));
    for (const to of [...edges, Math.min(from + 1, Number.MAX_SAFE_INTEGER)])
      expectSame(await storage.getEntries(from, to), model.entries(from, to));
  }
}

/** No entry lies on disk but those that are live. */
function expectOnDisk(database: Database, indices: readonly number[]): void {
  const rows = database.scanSync(database.columnFamily(LOG), { gte: Buffer.from('L'), lt: Buffer.from('M') });
  expectSame(
    rows.map(({ key }) => Number(key.readBigUInt64BE(2))),
    indices,
  );
}

/** `toStrictEqual`, quick where the two are equal. */
function expectSame(seen: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(seen, wanted)) expect(seen).toStrictEqual(wanted);
}

const path = temporaryFolder();
let database: Database;

async function run(sequence: readonly Step[]): Promise<void> {
  await database.createColumnFamily(LOG);
  const open = () => RocksdbStorage.openIn<Entry, Entry>(database, LOG);
  let onDisk = open();
  const inMemory = new MemStorage<Entry, Entry>();
  const model: Model = new LogModel();
  try {
    for (const step of sequence) {
      if (step.step === 'reopen') {
        await database.close();
        database = await openAt(path);
      }
      if (step.step === 'reopen' || step.step === 'openAgain') onDisk = open();
      const done = foretell(step, model);
      for (const storage of [inMemory, onDisk]) {
        perform(step, storage, done, model);
        await expectToTellTheSame(storage, model);
      }
      await expectToTellTheSame(open(), model);
      expectOnDisk(database, model.indices);
    }
  } finally {
    await database.dropColumnFamily(LOG);
  }
}

describe('after any sequence of operations', () => {
  it('MemStorage, RocksdbStorage, a storage that opens what is on disk, and a plain model tell the same', async () => {
    database = await openAt(path);
    await fc.assert(fc.asyncProperty(steps, run), { numRuns: RUNS });
  }, 300_000);
});
