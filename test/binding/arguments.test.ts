import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, Database, RocksError, WriteBatch } from '../../binding/index.js';
import { expectInvalidArgument, failureOf } from '../support/failures.js';
import { bytes, puts, shown, temporaryDatabase } from '../support/temporary-database.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// One value of every kind that a caller may hand in by mistake, by the name of its kind.
const VALUES: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  true: true,
  false: false,
  zero: 0,
  one: 1,
  'a fraction': 1.5,
  'a negative number': -1,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  'an unsafe integer': 2 ** 53,
  'a bigint': 1n,
  'the empty string': '',
  'a string': 'text',
  'a string with \\0': 'te\0xt',
  'a string with half a character': 'te\ud83dxt',
  'a symbol': Symbol('s'),
  'a function': () => bytes('k'),
  'an empty object': {},
  'an object with an unknown option': { unknown: 1 },
  'an empty array': [],
  'an array of numbers': [1, 2, 3],
  'an array of strings': ['text'],
  'an array with a hole': new Array(1),
  'a Date': new Date(0),
  'a Map': new Map([['sync', true]]),
  'a Promise': Promise.resolve(bytes('k')),
  'a String object': new String('text'),
  'a Number object': new Number(1),
  'a Boolean object': new Boolean(true),
  'an ArrayBuffer': new ArrayBuffer(8),
  'a SharedArrayBuffer': new SharedArrayBuffer(8),
  'a DataView': new DataView(new ArrayBuffer(8)),
  'an Int8Array': new Int8Array(8),
  'a Uint8ClampedArray': new Uint8ClampedArray(8),
  'a Uint16Array': new Uint16Array(4),
  'a Float64Array': new Float64Array(1),
  'an empty Uint8Array': new Uint8Array(0),
  'a Uint8Array': new Uint8Array([107]),
  'a Uint8Array whose buffer is gone': detached(),
  'a Uint8Array that its buffer has shrunk under': outOfBounds(),
  'a Proxy of a Uint8Array': new Proxy(new Uint8Array([107]), {}),
  'an object that looks like a Uint8Array': Object.setPrototypeOf({ length: 1, 0: 107 }, Uint8Array.prototype),
  'an object that cannot be made a string': {
    toString: () => {
      throw new Error('do not call this');
    },
  },
};

function detached(): Uint8Array {
  const view = new Uint8Array([107]);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

function outOfBounds(): Uint8Array {
  const buffer = new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(8, {
    maxByteLength: 8,
  });
  const view = new Uint8Array(buffer, 4, 4);
  (buffer as unknown as { resize(length: number): void }).resize(2);
  return view;
}

const BYTES = ['an empty Uint8Array', 'a Uint8Array'];
const NAMES = ['a string'];
const OBJECTS = ['undefined', 'an empty object', 'an object that cannot be made a string'];
const FLAGS = ['undefined', 'true', 'false'];
const FAMILIES: string[] = [];

let db: Database;
let cf: ColumnFamily;
const key = bytes('k');
const batch = () => puts(cf, { k: 'v' });
const folder = () => temporaryFolder();

// Each parameter of each method: a call with a value in its place, and the kinds that are right there.
const PARAMETERS: [string, (value: never) => unknown, readonly string[]][] = [
  ['Database.open path', (v) => Database.open(v), NAMES],
  ['Database.openSync path', (v) => Database.openSync(v), NAMES],
  ['columnFamily name', (v) => db.columnFamily(v), NAMES],
  ['createColumnFamily options', (v) => db.createColumnFamily(v), NAMES],
  ['createColumnFamily name', (v) => db.createColumnFamily({ name: v }), NAMES],
  [
    'createColumnFamily writeBufferSize',
    (v) => db.createColumnFamily({ name: 'x', writeBufferSize: v }),
    ['undefined'],
  ],
  ['dropColumnFamily name', (v) => db.dropColumnFamily(v), NAMES],
  ['get cf', (v) => db.get(v, key), FAMILIES],
  ['get key', (v) => db.get(cf, v), BYTES],
  ['getSync cf', (v) => db.getSync(v, key), FAMILIES],
  ['getSync key', (v) => db.getSync(cf, v), BYTES],
  ['write batch', (v) => db.write(v), []],
  ['write options', (v) => db.write(batch(), v), OBJECTS.slice(0, 2)],
  ['write sync', (v) => db.write(batch(), { sync: v }), FLAGS],
  ['writeSync batch', (v) => db.writeSync(v), []],
  ['writeSync options', (v) => db.writeSync(batch(), v), OBJECTS.slice(0, 2)],
  ['writeSync sync', (v) => db.writeSync(batch(), { sync: v }), FLAGS],
  ...(['scan', 'scanSync', 'iterate'] as const).flatMap((method): typeof PARAMETERS => [
    [`${method} cf`, (v) => db[method](v), FAMILIES],
    [`${method} range`, (v) => db[method](cf, v), OBJECTS.slice(0, 2)],
    ...(['gte', 'gt', 'lte', 'lt'] as const).map((bound): (typeof PARAMETERS)[number] => [
      `${method} ${bound}`,
      (v) => db[method](cf, { [bound]: v }),
      ['undefined', ...BYTES],
    ]),
    [`${method} reverse`, (v) => db[method](cf, { reverse: v }), FLAGS],
    [`${method} limit`, (v) => db[method](cf, { limit: v }), ['undefined', 'zero', 'one']],
    [`${method} maxBytes`, (v) => db[method](cf, { maxBytes: v }), ['undefined', 'one']],
  ]),
  ['compactRange cf', (v) => db.compactRange(v), FAMILIES],
  ['compactRange range', (v) => db.compactRange(cf, v), OBJECTS.slice(0, 2)],
  ['compactRange gte', (v) => db.compactRange(cf, { gte: v }), ['undefined', ...BYTES]],
  ['compactRange lt', (v) => db.compactRange(cf, { lt: v }), ['undefined', ...BYTES]],
  ['compactRange gt', (v) => db.compactRange(cf, { gt: v } as never), []],
  ['checkpoint path', (v) => db.checkpoint(v), NAMES],
  ['property name', (v) => db.property(v), NAMES],
  ['property cf', (v) => db.property('rocksdb.stats', v), ['undefined']],
  ['WriteBatch.put cf', (v) => new WriteBatch().put(v, key, key), FAMILIES],
  ['WriteBatch.put key', (v) => new WriteBatch().put(cf, v, key), BYTES],
  ['WriteBatch.put value', (v) => new WriteBatch().put(cf, key, v), BYTES],
  ['WriteBatch.delete cf', (v) => new WriteBatch().delete(v, key), FAMILIES],
  ['WriteBatch.delete key', (v) => new WriteBatch().delete(cf, v), BYTES],
  ['WriteBatch.deleteRange cf', (v) => new WriteBatch().deleteRange(v, key, key), FAMILIES],
  ['WriteBatch.deleteRange from', (v) => new WriteBatch().deleteRange(cf, v, bytes('z')), BYTES],
  ['WriteBatch.deleteRange to', (v) => new WriteBatch().deleteRange(cf, bytes(''), v), BYTES],
  ...(['open', 'openSync'] as const).flatMap((method): typeof PARAMETERS => [
    [`${method} options`, (v) => closing(method, v), OBJECTS.slice(0, 2)],
    [
      `${method} columnFamilies`,
      (v) => closing(method, { columnFamilies: v }),
      ['undefined', 'an empty array', 'an array of strings'],
    ],
    [`${method} a column family`, (v) => closing(method, { columnFamilies: [v] }), NAMES],
    [`${method} a column family's name`, (v) => closing(method, { columnFamilies: [{ name: v }] }), NAMES],
    [
      `${method} writeBufferSize`,
      (v) => closing(method, { columnFamilies: [{ name: 'x', writeBufferSize: v }] }),
      ['undefined'],
    ],
    [`${method} createIfMissing`, (v) => closing(method, { createIfMissing: v }), ['undefined', 'true', 'false']],
    [`${method} createMissingColumnFamilies`, (v) => closing(method, { createMissingColumnFamilies: v }), FLAGS],
    [`${method} errorIfExists`, (v) => closing(method, { errorIfExists: v }), FLAGS],
    [`${method} readOnly`, (v) => closing(method, { readOnly: v }), FLAGS],
    [`${method} maxTotalWalSize`, (v) => closing(method, { maxTotalWalSize: v }), ['undefined', 'one']],
    [`${method} recycleWalFiles`, (v) => closing(method, { recycleWalFiles: v }), ['undefined', 'zero', 'one']],
  ]),
];

async function closing(method: 'open' | 'openSync', options: unknown): Promise<void> {
  await (await Database[method](folder(), options as never)).close();
}

beforeEach(async () => {
  db = await temporaryDatabase();
  cf = db.columnFamily('default');
  await db.write(batch());
});

describe.each(PARAMETERS)('%s', (_, call, right) => {
  it('refuses every value of a wrong kind', async () => {
    for (const [kind, value] of Object.entries(VALUES)) {
      if (right.includes(kind)) continue;
      try {
        await expectInvalidArgument(() => call(value as never));
      } catch (error) {
        throw new Error(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    expect(shown(db.scanSync(cf))).toEqual(['k=v']);
    expect(db.columnFamilies).toEqual(['default']);
  });
});

describe('the message of a refusal', () => {
  it('names the argument, what it must be and what was given', async () => {
    await expectInvalidArgument(() => db.get(cf, 'text' as never), 'key', 'Uint8Array', "'text'");
    await expectInvalidArgument(() => db.write({} as never), 'batch', 'WriteBatch', '{}');
    await expectInvalidArgument(() => db.scan(cf, { limit: -1 }), 'limit', '-1');
    await expectInvalidArgument(() => db.scan(cf, { limitt: 1 } as never), 'limitt', 'limit', 'maxBytes');
    await expectInvalidArgument(() => db.write(batch(), { synch: true } as never), 'synch', 'sync');
    await expectInvalidArgument(() => Database.open(folder(), { readonly: true } as never), 'readonly', 'readOnly');
    await expectInvalidArgument(
      () => Database.open(folder(), { columnFamilies: ['a', 7 as never] }),
      'columnFamilies[1]',
      '7',
    );
    await expectInvalidArgument(
      () => db.createColumnFamily({ name: 'x', writeBufferSize: 65_535 }),
      'writeBufferSize',
      '65536',
    );
    await expectInvalidArgument(() => Database.open(folder(), { recycleWalFiles: 1001 }), 'recycleWalFiles', '1000');
  });

  it('stays short whatever was given', async () => {
    const long = 'x'.repeat(1_000_000);
    for (const value of [long, { long }, Buffer.alloc(1_000_000), new Array(100_000).fill(long)]) {
      const failure = await Promise.resolve()
        .then(() => db.getSync(value as never, key))
        .catch((error: Error) => error);
      expect((failure as Error).message.length).toBeLessThan(500);
      const batchFailure = await db.write(value as never).catch((error: Error) => error);
      expect((batchFailure as Error).message.length).toBeLessThan(500);
    }
  });
});

describe('bytes', () => {
  it.each<[string, (huge: Uint8Array) => unknown]>([
    ['get', (huge) => db.get(cf, huge)],
    ['getSync', (huge) => db.getSync(cf, huge)],
    ['scan', (huge) => db.scan(cf, { gte: huge })],
    ['put', (huge) => new WriteBatch().put(cf, bytes('k'), huge)],
    ['delete', (huge) => new WriteBatch().delete(cf, huge)],
    ['compactRange', (huge) => db.compactRange(cf, { lt: huge })],
  ])('of 2 GiB are refused by %s with a RocksError', async (_, call) => {
    const error = await failureOf(() => call(new Uint8Array(2 ** 31)));
    expect(error).toBeInstanceOf(RocksError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((error as Error).message).toMatch(/at most 2147483647 bytes, not 2147483648/);
  });
});

describe('asynchronous methods', () => {
  it('reject, and never throw, where an argument is wrong', async () => {
    const calls = [
      () => Database.open(7 as never),
      () => db.get(7 as never, key),
      () => db.scan(7 as never),
      () => db.write(7 as never),
      () => db.createColumnFamily(7 as never),
      () => db.dropColumnFamily(7 as never),
      () => db.compactRange(7 as never),
      () => db.checkpoint(7 as never),
    ];
    for (const call of calls) {
      const promise = call();
      expect(promise).toBeInstanceOf(Promise);
      await expectInvalidArgument(() => promise);
    }
  });
});
