import { MessageChannel } from 'node:worker_threads';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ColumnFamily, type Database, WriteBatch } from '../../binding/index.js';
import { expectInvalidArgument } from '../support/failures.js';
import { bytes, collect, puts, shown, temporaryDatabase } from '../support/temporary-database.js';

let db: Database;
let cf: ColumnFamily;

beforeEach(async () => {
  db = await temporaryDatabase();
  cf = db.columnFamily('default');
});

/** A Uint8Array that owns its whole buffer, so that it can be transferred. */
const owned = (text: string) => new Uint8Array(bytes(text));

// What may happen to a buffer once the call that took it has returned.
const fates: [string, (view: Uint8Array) => void][] = [
  ['is overwritten', (view) => view.fill(0x7a)],
  [
    'is transferred by structuredClone',
    (view) => structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] }),
  ],
  [
    'is transferred by a MessagePort',
    (view) => {
      const { port1, port2 } = new MessageChannel();
      port1.postMessage(view, [view.buffer as ArrayBuffer]);
      port1.close();
      port2.close();
    },
  ],
];

describe.each(fates)('a buffer that %s after the call', (_, befall) => {
  it('changes nothing of what a batch holds', async () => {
    const given = ['a', '1', 'b', 'c', 'e'].map(owned) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const [a, one, b, c, e] = given;
    await db.write(puts(cf, { b: '2', c: '3', d: '4', e: '5' }));
    const batch = new WriteBatch().put(cf, a, one).delete(cf, b).deleteRange(cf, c, e);
    for (const view of given) befall(view);
    await db.write(batch);
    expect(shown(db.scanSync(cf))).toEqual(['a=1', 'e=5']);
  });

  it('changes nothing of what is being written', async () => {
    const writes = Array.from({ length: 50 }, (_, i) => {
      const [key, value] = [owned(`k${String(i).padStart(2, '0')}`), owned(`v${i}`)];
      const batch = new WriteBatch().put(cf, key, value);
      const write = db.write(batch, { sync: true });
      befall(key);
      befall(value);
      batch.clear().put(cf, owned('zzzz'), owned('zzzz'));
      return write;
    });
    await Promise.all(writes);
    expect(shown(db.scanSync(cf))).toEqual(writes.map((_, i) => `k${String(i).padStart(2, '0')}=v${i}`));
  });

  it('changes nothing of a read that is under way', async () => {
    await db.write(puts(cf, { a: '1', b: '2', c: '3', d: '4' }));
    const key = owned('b');
    const value = db.get(cf, key);
    befall(key);
    expect(await value).toEqual(bytes('2'));
    for (const [lower, upper] of [
      ['gte', 'lt'],
      ['gt', 'lte'],
      ['gte', 'lte'],
      ['gt', 'lt'],
    ] as const) {
      for (const read of [
        (range: object) => db.scan(cf, range),
        (range: object) => collectAfter(db.iterate(cf, range)),
      ]) {
        const range = { [lower]: owned('b'), [upper]: owned('d') };
        const rows = read(range);
        befall(range[lower] as Uint8Array);
        befall(range[upper] as Uint8Array);
        const expected = ['b=2', 'c=3', 'd=4'].slice(lower === 'gt' ? 1 : 0, upper === 'lt' ? -1 : 3);
        expect(shown(await rows)).toEqual(expected);
      }
    }
  });

  it('changes nothing of a compaction that is under way', async () => {
    await db.write(puts(cf, { a: '1' }));
    await db.flush();
    const [gte, lt] = [owned('a'), owned('b')];
    const compacted = db.compactRange(cf, { gte, lt });
    befall(gte);
    befall(lt);
    await compacted;
    expect(db.property('rocksdb.num-files-at-level0')).toBe('0');
    expect(shown(db.scanSync(cf))).toEqual(['a=1']);
  });
});

/** Begins to read only once the caller has gone on: the range was taken when the iterator was made. */
async function collectAfter(rows: AsyncIterableIterator<{ key: Buffer; value: Buffer }>) {
  await Promise.resolve();
  return collect(rows);
}

describe('the options of an iterator', () => {
  it('are those of the call, whatever becomes of the object', async () => {
    await db.write(puts(cf, { a: '1', b: '2' }));
    const range: { limit: number; reverse: boolean; lt?: Uint8Array } = { limit: 1, reverse: true };
    const rows = db.iterate(cf, range);
    Object.assign(range, { limit: 5, reverse: false, lt: bytes('a') });
    expect(shown(await collect(rows))).toEqual(['b=2']);
  });
});

describe('a row', () => {
  it('may be changed or transferred: the database and later reads stay as they are', async () => {
    await db.write(puts(cf, { a: '1', b: '2' }).put(cf, bytes('c'), Buffer.alloc(200_000, 3)));
    for (const rows of [db.scanSync(cf), await db.scan(cf), await collect(db.iterate(cf))]) {
      for (const row of rows) row.key.fill(0xff) && row.value.fill(0xff);
    }
    const value = (await db.get(cf, bytes('a'))) as Buffer;
    structuredClone(value.buffer, { transfer: [value.buffer as ArrayBuffer] });
    expect(db.scanSync(cf).map(({ key }) => key.toString())).toEqual(['a', 'b', 'c']);
    expect(db.getSync(cf, bytes('a'))).toEqual(bytes('1'));
    expect(db.getSync(cf, bytes('c'))?.equals(Buffer.alloc(200_000, 3))).toBe(true);
  });
});

type Resizable = ArrayBuffer & { resize(length: number): void };
const resizable = (length: number) =>
  new (ArrayBuffer as unknown as new (length: number, options: object) => Resizable)(length, { maxByteLength: 64 });

// Views of every make, each over the bytes "key".
const views: [string, () => Uint8Array][] = [
  ['a Uint8Array', () => owned('key')],
  ['a Buffer of the pool', () => Buffer.from('key')],
  ['a view of a part', () => new Uint8Array(owned('xxkeyxx').buffer, 2, 3)],
  ['a view of a SharedArrayBuffer', () => filled(new Uint8Array(new SharedArrayBuffer(3)))],
  ['a view of a part of a SharedArrayBuffer', () => filled(new Uint8Array(new SharedArrayBuffer(16), 5, 3))],
  ['a view of a resizable buffer', () => filled(new Uint8Array(resizable(8), 1, 3))],
  ['a view that follows the length of its buffer', () => filled(new Uint8Array(resizable(3)))],
  [
    'a view that its buffer has shrunk, as it follows',
    () => {
      const buffer = resizable(32);
      const view = new Uint8Array(buffer);
      buffer.resize(3);
      return filled(view);
    },
  ],
  ['an object of a class that extends Uint8Array', () => filled(new (class extends Uint8Array {})(3))],
];

function filled(view: Uint8Array): Uint8Array {
  view.set(bytes('key'));
  return view;
}

describe.each(views)('%s', (_, make) => {
  it('works as key, as value and as bound', async () => {
    await db.write(new WriteBatch().put(cf, make(), make()), { sync: true });
    db.writeSync(new WriteBatch().put(cf, bytes('later'), make()));
    expect(await db.get(cf, make())).toEqual(bytes('key'));
    expect(db.getSync(cf, make())).toEqual(bytes('key'));
    expect(shown(await db.scan(cf, { gte: make() }))).toEqual(['key=key', 'later=key']);
    expect(shown(db.scanSync(cf, { gt: make() }))).toEqual(['later=key']);
    expect(shown(await collect(db.iterate(cf, { lte: make(), limit: 9 })))).toEqual(['key=key']);
    await db.compactRange(cf, { gte: make(), lt: make() });
    await db.write(new WriteBatch().deleteRange(cf, make(), bytes('kez')).delete(cf, make()));
    expect(shown(db.scanSync(cf))).toEqual(['later=key']);
  });
});

describe('a buffer that is gone before the call', () => {
  const gone: [string, () => Uint8Array][] = [
    [
      'detached',
      () => {
        const view = owned('key');
        structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
        return view;
      },
    ],
    [
      'shrunk below its view',
      () => {
        const buffer = resizable(8);
        const view = new Uint8Array(buffer, 4, 4);
        buffer.resize(2);
        return view;
      },
    ],
  ];

  it.each(gone)('is refused, and not taken for an empty one: %s', async (_, make) => {
    await db.write(puts(cf, { '': 'the empty key', a: '1' }));
    await expectInvalidArgument(() => db.get(cf, make()), 'key');
    await expectInvalidArgument(() => db.getSync(cf, make()), 'key');
    await expectInvalidArgument(() => db.scan(cf, { gte: make() }), 'gte');
    await expectInvalidArgument(() => db.scanSync(cf, { lt: make() }), 'lt');
    await expectInvalidArgument(() => db.iterate(cf, { gt: make() }), 'gt');
    await expectInvalidArgument(() => db.compactRange(cf, { lt: make() }), 'lt');
    const batch = new WriteBatch();
    await expectInvalidArgument(() => batch.put(cf, make(), bytes('v')), 'key');
    await expectInvalidArgument(() => batch.put(cf, bytes('k'), make()), 'value');
    await expectInvalidArgument(() => batch.delete(cf, make()), 'key');
    await expectInvalidArgument(() => batch.deleteRange(cf, make(), bytes('z')), 'from');
    await expectInvalidArgument(() => batch.deleteRange(cf, bytes(''), make()), 'to');
    expect(batch.count).toBe(0);
    expect(shown(db.scanSync(cf))).toEqual(['=the empty key', 'a=1']);
  });
});
