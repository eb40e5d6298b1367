// Whatever is wrong about an argument is a StorageError INVALID_ARGUMENT that names the argument and shows the value, and
// nothing is written: neither in what the storage tells nor on disk.

import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { StorageOptions } from '../../../lib/contract/options.js';
import { rawCodec } from '../../../lib/format/raw-codec.js';
import {
  AsyncRocksdbStorage,
  Database,
  MemStorage,
  RocksdbStorage,
  type Storage,
  StorageError,
} from '../../../lib/index.js';
import { observe } from '../../../lib/testing/storage-suite/observe.js';
import { failureOf } from '../../support/failures.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { LOG } from '../../support/storages.js';
import { temporaryDatabase } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

// The types of the arguments are what is under test.
type Untyped = Record<keyof Storage<unknown>, (...args: unknown[]) => unknown>;

const NOT_NUMBERS = [undefined, null, '1', '', true, {}, [], [1], Symbol('s'), () => 1];
const NOT_INTEGERS = [1.5, NaN, Infinity, -Infinity];
const NO_INDEX = [...NOT_NUMBERS, ...NOT_INTEGERS, -1, -(2 ** 53), 2 ** 53, 1n];
const NO_U32 = [...NOT_NUMBERS, ...NOT_INTEGERS, -1, 2 ** 32, 2 ** 53, 1n];
const NO_U64 = [...NOT_NUMBERS, ...NOT_INTEGERS, -1, 2 ** 53, -1n, 2n ** 64n];
const NO_ARRAY = [undefined, null, 'abc', 5, {}, { length: 1, 0: 'a' }, new Set(['a']), Uint8Array.of(1), () => []];
const NO_OBJECT = [null, 5, 'ballot', true, 7n, Symbol('s'), () => ({})];
const NO_BYTES = [null, 'bytes', 5, [1, 2], new ArrayBuffer(2), {}, detached()];
// biome-ignore lint/suspicious/noSparseArray: a hole is what is tried.
const WITH_HOLE = ['a', , 'b'];

const ballot = { configId: 1, n: 2, priority: 3, pid: 4 };
const nextConfig = { configurationId: 2, nodes: [1, 2], flexibleQuorum: { readQuorumSize: 1, writeQuorumSize: 2 } };

/** What is refused: the argument as the message names it, a call that passes the value, and values. */
type Case = readonly [argument: string, call: (log: Untyped, value: unknown) => unknown, values: readonly unknown[]];

const op = (type: string, field: string) => (log: Untyped, value: unknown) =>
  log.writeAtomically([
    { type: 'appendEntry', entry: 'before' },
    { type, entries: ['a'], [field]: value },
  ]);

const methods: Record<string, readonly Case[]> = {
  getEntries: [
    ['from', (log, value) => log.getEntries(value, 2), NO_INDEX],
    ['to', (log, value) => log.getEntries(0, value), NO_INDEX],
  ],
  getSuffix: [['from', (log, value) => log.getSuffix(value), NO_INDEX]],
  appendEntry: [['entry', (log, value) => log.appendEntry(value), [undefined]]],
  appendEntries: [
    ['entries', (log, value) => log.appendEntries(value), NO_ARRAY],
    ['entries[1]', (log, value) => log.appendEntries(['a', value, 'b']), [undefined]],
    ['entries[1]', (log) => log.appendEntries(WITH_HOLE), [undefined]],
  ],
  appendOnPrefix: [
    ['fromIdx', (log, value) => log.appendOnPrefix(value, ['a']), NO_INDEX],
    ['fromIdx', (log, value) => log.appendOnPrefix(value, []), NO_INDEX],
    ['entries', (log, value) => log.appendOnPrefix(0, value), NO_ARRAY],
    ['entries[0]', (log, value) => log.appendOnPrefix(0, [value]), [undefined]],
    ['entries[1]', (log) => log.appendOnPrefix(0, WITH_HOLE), [undefined]],
  ],
  setDecidedIdx: [['idx', (log, value) => log.setDecidedIdx(value), NO_INDEX]],
  setCompactedIdx: [['idx', (log, value) => log.setCompactedIdx(value), NO_INDEX]],
  trim: [['idx', (log, value) => log.trim(value), NO_INDEX]],
  compact: [['idx', (log, value) => log.compact(value, 'snapshot'), NO_INDEX]],
  setPromise: casesOfBallot('setPromise'),
  setAcceptedRound: casesOfBallot('setAcceptedRound'),
  setStopsign: casesOfStopsign(),
  writeAtomically: [
    ['ops', (log, value) => log.writeAtomically(value), NO_ARRAY],
    ['ops[1]', (log, value) => log.writeAtomically([{ type: 'trim', idx: 1 }, value]), [undefined, ...NO_OBJECT]],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tried.
    ['ops[0]', (log) => log.writeAtomically([, { type: 'trim', idx: 1 }]), [undefined]],
    [
      'ops[1].type',
      (log, type) =>
        log.writeAtomically([
          { type: 'trim', idx: 1 },
          { type, idx: 1 },
        ]),
      [undefined, null, 5, 'compact', 'Trim', 'toString', '__proto__', Symbol('s')],
    ],
    ['ops[1].entry', op('appendEntry', 'entry'), [undefined]],
    ['ops[1].entries', op('appendEntries', 'entries'), NO_ARRAY],
    ['ops[1].fromIdx', op('appendOnPrefix', 'fromIdx'), NO_INDEX],
    ['ops[1].idx', op('trim', 'idx'), NO_INDEX],
    ['ops[1].idx', op('setDecidedIdx', 'idx'), NO_INDEX],
    ['ops[1].idx', op('setCompactedIdx', 'idx'), NO_INDEX],
    ['ops[1].ballot', op('setPromise', 'ballot'), [undefined, ...NO_OBJECT]],
    ['ops[1].ballot', op('setAcceptedRound', 'ballot'), [undefined, ...NO_OBJECT]],
    ['ops[1].ballot.pid', (log, pid) => op('setPromise', 'ballot')(log, { ...ballot, pid }), NO_U64],
    ['ops[1].stopsign', op('setStopsign', 'stopsign'), NO_OBJECT],
  ],
};

function casesOfBallot(method: 'setPromise' | 'setAcceptedRound'): Case[] {
  return [
    ['ballot', (log, value) => log[method](value), [undefined, ...NO_OBJECT]],
    ['ballot.configId', (log, configId) => log[method]({ ...ballot, configId }), NO_U32],
    ['ballot.n', (log, n) => log[method]({ ...ballot, n }), NO_U32],
    ['ballot.priority', (log, priority) => log[method]({ ...ballot, priority }), NO_U32],
    ['ballot.pid', (log, pid) => log[method]({ ...ballot, pid }), NO_U64],
    ['ballot.configId', (log) => log[method]([]), [undefined]],
  ];
}

function casesOfStopsign(): Case[] {
  const set = (log: Untyped, change: object) => log.setStopsign({ nextConfig: { ...nextConfig, ...change } });
  const quorum = (log: Untyped, change: object) =>
    set(log, { flexibleQuorum: { ...nextConfig.flexibleQuorum, ...change } });
  const config = 'stopsign.nextConfig';
  return [
    ['stopsign', (log, value) => log.setStopsign(value), NO_OBJECT],
    [config, (log, value) => log.setStopsign({ nextConfig: value }), [undefined, ...NO_OBJECT]],
    [`${config}.configurationId`, (log, configurationId) => set(log, { configurationId }), NO_U32],
    [`${config}.nodes`, (log, nodes) => set(log, { nodes }), NO_ARRAY],
    [`${config}.nodes[1]`, (log, node) => set(log, { nodes: [1, node] }), NO_U64],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tried.
    [`${config}.nodes[1]`, (log) => set(log, { nodes: [1, , 2] }), [undefined]],
    [`${config}.flexibleQuorum`, (log, flexibleQuorum) => set(log, { flexibleQuorum }), NO_OBJECT],
    [`${config}.flexibleQuorum.readQuorumSize`, (log, readQuorumSize) => quorum(log, { readQuorumSize }), NO_INDEX],
    [`${config}.flexibleQuorum.writeQuorumSize`, (log, writeQuorumSize) => quorum(log, { writeQuorumSize }), NO_INDEX],
    ['stopsign.metadata', (log, metadata) => log.setStopsign({ nextConfig, metadata }), NO_BYTES],
  ];
}

/** Bytes whose memory has gone to somebody else: they would pass for none. */
function detached(): Uint8Array {
  const bytes = Uint8Array.of(1, 2, 3);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

const storages = [
  ['MemStorage', () => new MemStorage<string>()],
  ['RocksdbStorage', (database: Database) => RocksdbStorage.openIn<string>(database, LOG)],
] as const;

describe.each(storages)('%s', (_, open) => {
  let database: Database;
  let log: ReturnType<typeof open>;
  let before: unknown;

  const everything = async () => [await observe<string, unknown>(log), database.scanSync(database.columnFamily(LOG))];

  beforeAll(async () => {
    database = await Database.open(temporaryFolder(), { columnFamilies: [LOG] });
    log = open(database);
    log.appendEntries(['x', 'y', 'z']);
    log.setPromise(ballot);
    log.setStopsign({ nextConfig });
    before = await everything();
  });

  afterAll(() => database.close());

  afterEach(async () => {
    expect(await everything()).toEqual(before);
  });

  describe.each(Object.entries(methods))('%s', (_, cases) => {
    it.each(cases)('refuses a wrong %s', async (argument, call, values) => {
      const outcomes = [];
      for (const value of values) outcomes.push(await refusal(() => call(log as unknown as Untyped, value)));
      expect(outcomes).toEqual(values.map((value) => `INVALID_ARGUMENT: ${argument} must be …, not ${inspect(value)}`));
    });
  });
});

/** What `action` was refused with, without what would have been right. */
async function refusal(action: () => unknown): Promise<string> {
  let error: unknown;
  try {
    error = await failureOf(action);
  } catch {
    return 'it was not refused';
  }
  if (!(error instanceof StorageError)) return String(error);
  return `${error.code}: ${error.message.replace(/must be .*, not /, 'must be …, not ')}`;
}

describe.each<[string, (database: Database, options: unknown) => unknown]>([
  ['MemStorage', (_, options) => new MemStorage(options as StorageOptions<unknown, unknown>)],
  [
    'RocksdbStorage',
    (database, options) => RocksdbStorage.openIn(database, LOG, options as StorageOptions<unknown, unknown>),
  ],
  [
    'AsyncRocksdbStorage',
    (database, options) => AsyncRocksdbStorage.openIn(database, LOG, options as StorageOptions<unknown, unknown>),
  ],
])('the options of a %s', (_, open) => {
  it('must be an object', async () => {
    const database = await temporaryDatabase({ columnFamilies: [LOG] });
    for (const options of [null, 5, 'raw', [], new Map(), () => rawCodec]) {
      const words = ['options must be an object', inspect(options)];
      await expectStorageError(() => open(database, options), 'INVALID_ARGUMENT', ...words);
    }
  });

  it('must have no other names', async () => {
    const database = await temporaryDatabase({ columnFamilies: [LOG] });
    for (const name of ['codec', 'entrycodec', 'constructor']) {
      const words = [`options has no option '${name}'`, 'entryCodec, snapshotCodec'];
      await expectStorageError(() => open(database, { [name]: rawCodec }), 'INVALID_ARGUMENT', ...words);
    }
  });

  it.each(['entryCodec', 'snapshotCodec'])('must have a codec as %s', async (name) => {
    const database = await temporaryDatabase({ columnFamilies: [LOG] });
    const { encode, decode } = rawCodec;
    for (const codec of [null, 'raw', encode, {}, { encode }, { decode }, { encode, decode: 'utf8' }]) {
      const words = [`${name} must be a codec, an object with the functions encode and decode`, inspect(codec)];
      await expectStorageError(() => open(database, { [name]: codec }), 'INVALID_ARGUMENT', ...words);
    }
    const first = (await open(database, { [name]: undefined })) as MemStorage<unknown>;
    await first.close();
    await open(database, { [name]: rawCodec });
  });
});

describe.each(['MemStorage', 'RocksdbStorage'])('the codec of a %s', (name) => {
  it('must not give bytes whose buffer is detached', async () => {
    const database = await temporaryDatabase({ columnFamilies: [LOG] });
    const log =
      name === 'MemStorage'
        ? new MemStorage({ entryCodec: rawCodec, snapshotCodec: rawCodec })
        : RocksdbStorage.openIn(database, LOG, { entryCodec: rawCodec, snapshotCodec: rawCodec });
    const entries = [Uint8Array.of(1), detached()];
    await expectStorageError(() => log.appendEntries(entries), 'CODEC', 'the entry for index 1', 'detached');
    await expectStorageError(() => log.setSnapshot(detached()), 'CODEC', 'M/snapshot', 'detached');
    expect(log.getBounds()).toEqual({ first: 0, next: 0 });
    log.appendEntry(new Uint8Array(0));
    expect(log.getSuffix(0)).toEqual([Buffer.alloc(0)]);
  });
});

describe('RocksdbStorage.openIn', () => {
  it('refuses what is no Database', async () => {
    for (const value of [undefined, null, 'path', {}, { columnFamily: () => ({}) }]) {
      await expectStorageError(
        () => RocksdbStorage.openIn(value as unknown as Database, LOG),
        'INVALID_ARGUMENT',
        'db',
      );
    }
  });

  it('refuses what is no name of a column family', async () => {
    const database = await temporaryDatabase();
    for (const value of [undefined, null, 5, {}, '']) {
      await expectStorageError(
        () => RocksdbStorage.openIn(database, value as string),
        'INVALID_ARGUMENT',
        inspect(value),
      );
    }
  });

  it('says which column family is missing', async () => {
    const database = await temporaryDatabase();
    await expectStorageError(() => RocksdbStorage.openIn(database, 'nowhere'), 'COLUMN_FAMILY_NOT_FOUND', 'nowhere');
  });
});
