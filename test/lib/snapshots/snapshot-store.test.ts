import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Database, RocksError, SnapshotStore, StorageError } from '../../../lib/index.js';
import { failureOf } from '../../support/failures.js';
import {
  CHUNK_BYTES,
  chunkKeys,
  content,
  drained,
  names,
  newStore,
  type OpenStore,
  SNAPSHOTS,
  slowSource,
  storeOn,
} from '../../support/snapshots.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { openAt, temporaryDatabase } from '../../support/temporary-database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let opened: OpenStore;
let store: SnapshotStore;
let db: Database;
beforeEach(async () => {
  opened = await newStore();
  ({ store, db } = opened);
});

describe('put', () => {
  it.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES, 12_345])(
    'keeps %i bytes, which get and open give back',
    async (length) => {
      const bytes = content(length);
      const before = Date.now();
      const info = await store.put('a', 7, bytes);
      expect(info).toEqual({ name: 'a', index: 7, byteLength: length, createdAt: expect.any(Date) });
      expect(info.createdAt.getTime()).toBeGreaterThanOrEqual(before);
      expect(await store.get('a')).toEqual(bytes);
      expect(await drained(await store.open('a'))).toEqual(bytes);
      expect(await store.list()).toEqual([info]);
      expect(await chunkKeys(opened)).toHaveLength(Math.ceil(length / CHUNK_BYTES));
    },
  );

  it('takes an array, a generator, an async generator and a stream, in pieces of any size', async () => {
    const bytes = content(50_000);
    const pieces = () => {
      const all: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const piece = bytes.subarray(at, at + randomInt(0, 5 * CHUNK_BYTES));
        at += piece.length;
        all.push(new Uint8Array(piece));
      }
      return all;
    };
    await store.put('array', 1, pieces());
    await store.put(
      'generator',
      2,
      (function* () {
        yield* pieces();
      })(),
    );
    await store.put(
      'async generator',
      3,
      (async function* () {
        yield* pieces();
      })(),
    );
    await store.put('stream', 4, Readable.from(pieces()));
    await store.put(
      'tiny',
      5,
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
    );
    await store.put('another store', 6, await store.open('tiny'));
    for (const { name } of await store.list())
      expect([name, (await store.get(name))?.equals(bytes)]).toEqual([name, true]);
  });

  it('takes no more from a source than it has written', async () => {
    let given = 0;
    let ahead = 0;
    await store.put(
      'a',
      1,
      (async function* () {
        for (; given < 20; given++) {
          ahead = Math.max(ahead, given - (await chunkKeys(opened)).length);
          yield content(CHUNK_BYTES);
        }
      })(),
    );
    expect(ahead).toBe(0);
  });

  it('keeps any name of up to 255 bytes of UTF-8', async () => {
    const all = ['x'.repeat(255), 'ü'.repeat(127), 'a/b', '\0', ' ', '\ufeffmark', 'naïve 🦀'];
    for (const [i, name] of all.entries()) await store.put(name, i, content(10, i));
    expect(names(await store.list())).toEqual(all);
    for (const [i, name] of all.entries()) expect(await store.get(name)).toEqual(content(10, i));
  });

  it('replaces a snapshot of the same name, and removes its chunks', async () => {
    await store.put('a', 1, content(5000, 1));
    await store.put('a', 2, content(3000, 2));
    expect(await store.get('a')).toEqual(content(3000, 2));
    expect(await store.list()).toMatchObject([{ name: 'a', index: 2, byteLength: 3000 }]);
    expect(await chunkKeys(opened)).toHaveLength(3);
  });

  it('refuses a name that is taken where overwrite is false, also if it is taken meanwhile', async () => {
    const { source, begun, goOn } = slowSource(content(3000, 2));
    const late = failureOf(() => store.put('a', 2, source, { overwrite: false }));
    await begun;
    await store.put('a', 1, content(2000), { overwrite: false });
    let touched = false;
    const untouched = (function* () {
      touched = true;
      yield content(1);
    })();
    await expectStorageError(() => store.put('a', 3, untouched, { overwrite: false }), 'INVALID_ARGUMENT', '"a"');
    expect(touched).toBe(false);
    goOn();
    await expectStorageError(
      async () => {
        throw await late;
      },
      'INVALID_ARGUMENT',
      '"a"',
    );
    expect(await store.get('a')).toEqual(content(2000));
    expect(await chunkKeys(opened)).toHaveLength(2);
    await store.put('a', 4, content(1000, 4), { overwrite: true });
    expect(await store.get('a')).toEqual(content(1000, 4));
  });

  it('passes on what a source throws, and leaves nothing behind', async () => {
    const cause = new Error('the source is broken');
    async function* broken() {
      yield content(5500);
      throw cause;
    }
    expect(await failureOf(() => store.put('a', 1, broken()))).toBe(cause);
    expect([await store.list(), await chunkKeys(opened)]).toEqual([[], []]);
    await store.put('a', 1, content(2500));
    expect(await failureOf(() => store.put('a', 2, broken()))).toBe(cause);
    expect(await store.get('a')).toEqual(content(2500));
    expect(await chunkKeys(opened)).toHaveLength(3);
  });

  it('refuses a piece that is not bytes, names it, and ends the source', async () => {
    let ended = false;
    function* source() {
      try {
        yield content(1500);
        yield 'text' as never;
      } finally {
        ended = true;
      }
    }
    await expectStorageError(() => store.put('a', 1, source()), 'INVALID_ARGUMENT', 'piece 1 of source', "'text'");
    expect(ended).toBe(true);
    const gone = content(10);
    structuredClone(gone.buffer, { transfer: [gone.buffer as ArrayBuffer] });
    await expectStorageError(() => store.put('a', 1, [gone]), 'INVALID_ARGUMENT', 'piece 0 of source', 'detached');
    await expectStorageError(() => store.put('a', 1, gone), 'INVALID_ARGUMENT', 'source', 'detached');
    expect(await chunkKeys(opened)).toEqual([]);
  });

  it('fails where a source is detached while it is being written, instead of cutting it short', async () => {
    const bytes = new Uint8Array(4000 * CHUNK_BYTES); // more than is written within a turn of the event loop
    const put = store.put('a', 1, bytes);
    await new Promise(setImmediate);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await expectStorageError(() => put, 'INVALID_ARGUMENT', 'source');
    expect([await store.list(), await chunkKeys(opened)]).toEqual([[], []]);
  });

  it('under way twice for one name leaves what finished last, and nothing of the other', async () => {
    const slow = slowSource(content(4000, 1));
    const first = store.put('a', 1, slow.source);
    await slow.begun;
    await store.put('a', 2, content(2000, 2));
    slow.goOn();
    await first;
    expect(await store.get('a')).toEqual(content(4000, 1));
    expect(await chunkKeys(opened)).toHaveLength(4);
  });

  it('under way at once, a hundred times, keeps each name whole', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.put(`${i % 10}`, i, content(2500, i))));
    const list = await store.list();
    expect(list).toHaveLength(10);
    for (const { name, index } of list) expect(await store.get(name)).toEqual(content(2500, index));
    expect(await chunkKeys(opened)).toHaveLength(30);
  });

  it('is durable: its last write is fsynced', async () => {
    const fsyncs = () => Number(db.property('rocksdb.dbstats/db.wal_syncs'));
    const before = fsyncs();
    await store.put('a', 1, content(10_000));
    expect(fsyncs() - before).toBe(1);
  });
});

describe('bad arguments', () => {
  it.each<[string, unknown]>([
    ['empty', ''],
    ['of 256 bytes', 'ü'.repeat(128)],
    ['with half a character', 'a\ud800'],
    ['that is no string', 7],
    ['that is missing', undefined],
  ])('a name %s is refused by every method', async (_, name) => {
    for (const call of [
      () => store.put(name as string, 1, content(1)),
      () => store.open(name as string),
      () => store.get(name as string),
      () => store.delete(name as string),
    ]) {
      await expectStorageError(call, 'INVALID_ARGUMENT', 'name');
    }
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53, '1', 1n, undefined])('an index of %p is refused', async (index) => {
    await expectStorageError(() => store.put('a', index as number, content(1)), 'INVALID_ARGUMENT', 'index');
  });

  it.each<[string, unknown]>([
    ['text', 'text'],
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['iterable in name only', { [Symbol.asyncIterator]: undefined }],
    ['iterable by what is no function', { [Symbol.asyncIterator]: 1, [Symbol.iterator]: () => [][Symbol.iterator]() }],
    ['another view', new Uint16Array(2)],
  ])('a source that is %s is refused', async (_, source) => {
    await expectStorageError(() => store.put('a', 1, source as never), 'INVALID_ARGUMENT', 'source');
    expect(await chunkKeys(opened)).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a misspelt one', { overWrite: false }],
    ['an overwrite that is no boolean', { overwrite: 0 }],
  ])('options that are %s are refused', async (_, options) => {
    await expectStorageError(() => store.put('a', 1, content(1), options as never), 'INVALID_ARGUMENT', 'options');
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no keep', {}],
    ['a negative one', { keep: -1 }],
    ['half a one', { keep: 0.5 }],
    ['another option', { keep: 1, older: 2 }],
  ])('prune refuses %s', async (_, options) => {
    await store.put('a', 1, content(1));
    await expectStorageError(() => store.prune(options as never), 'INVALID_ARGUMENT', 'options');
    expect(await store.list()).toHaveLength(1);
  });
});

describe('list, latest and prune', () => {
  it('go by the index, and then by age', async () => {
    expect([await store.list(), await store.latest()]).toEqual([[], undefined]);
    await store.put('c', 5, content(1));
    await store.put('a', 9, content(1));
    await store.put('d', 1, content(1));
    await store.put('b', 9, content(1));
    expect(names(await store.list())).toEqual(['d', 'c', 'a', 'b']);
    expect((await store.latest())?.name).toBe('b');
    await store.put('a', 9, content(2));
    expect((await store.latest())?.name).toBe('a');
  });

  it('prune keeps the latest, and gives what it has removed', async () => {
    for (let i = 0; i < 5; i++) await store.put(`${i}`, i, content(1500));
    expect(names(await store.prune({ keep: 7 }))).toEqual([]);
    expect(names(await store.prune({ keep: 2 }))).toEqual(['0', '1', '2']);
    expect(names(await store.list())).toEqual(['3', '4']);
    expect(await chunkKeys(opened)).toHaveLength(4);
    expect(names(await store.prune({ keep: 0 }))).toEqual(['3', '4']);
    expect([await store.list(), await chunkKeys(opened)]).toEqual([[], []]);
  });
});

describe('delete', () => {
  it('removes a snapshot and its chunks; one that is not there is no error', async () => {
    await store.put('a', 1, content(2500));
    await store.put('b', 2, content(2500, 2));
    await store.delete('a');
    await store.delete('a');
    expect([await store.get('a'), await store.get('b')]).toEqual([undefined, content(2500, 2)]);
    expect(await chunkKeys(opened)).toHaveLength(3);
  });

  it('of a name that is being put comes before the put', async () => {
    const { source, begun, goOn } = slowSource(content(3000));
    const put = store.put('a', 1, source);
    await begun;
    await store.delete('a');
    goOn();
    await put;
    expect(await store.get('a')).toEqual(content(3000));
  });
});

describe('open', () => {
  it('says what it reads, whatever has the name by now', async () => {
    const info = await store.put('a', 1, content(2500));
    const stream = await store.open('a');
    await store.put('a', 2, content(10));
    expect(stream.snapshot).toEqual(info);
    expect(await drained(stream)).toEqual(content(2500));
  });

  it('of a name that is not there says which are', async () => {
    await expectStorageError(() => store.open('a'), 'INVALID_ARGUMENT', '"a"', 'none');
    await store.put('b', 1, content(1));
    await expectStorageError(() => store.open('a'), 'INVALID_ARGUMENT', '"a"', '"b"');
    for (let i = 10; i < 22; i++) await store.put(`${i}`, 0, content(1));
    await expectStorageError(() => store.open('a'), 'INVALID_ARGUMENT', '"10"', '"19" and 3 more');
    expect(await store.get('a')).toBeUndefined();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['replaced', () => store.put('a', 2, content(90_000, 2))],
    ['deleted', () => store.delete('a')],
    ['pruned', () => store.prune({ keep: 0 })],
    [
      'deleted and compacted away',
      async () => {
        await store.delete('a');
        await db.flush();
        await db.compactRange(opened.family);
      },
    ],
  ])('goes on undisturbed where the snapshot is %s meanwhile', async (_, change) => {
    // More than one piece of an iterator, 256 KiB: the rest is read after the change.
    const bytes = content(2_000_000, 1);
    await store.put('a', 1, bytes);
    const untouched = await store.open('a');
    const begun = await store.open('a');
    const chunks = begun[Symbol.asyncIterator]();
    const first = await chunks.next();
    await change();
    const rest = await drained({ [Symbol.asyncIterator]: () => chunks });
    expect(Buffer.concat([first.value, rest]).equals(bytes)).toBe(true);
    expect((await drained(untouched)).equals(bytes)).toBe(true);
  });

  it('gives one snapshot or the other, whole, and says which, while it is replaced again and again', async () => {
    await store.put('a', 0, content(5000, 0));
    let done = false;
    const replacing = (async () => {
      for (let i = 1; i <= 60; i++) await store.put('a', i, content(5000, i));
      done = true;
    })();
    while (!done) {
      const stream = await store.open('a');
      expect(await drained(stream)).toEqual(content(5000, stream.snapshot.index));
    }
    await replacing;
  });

  it('lets go of the database when it is destroyed, before its first byte or between two', async () => {
    const bytes = content(2_000_000);
    await store.put('a', 1, bytes);
    (await store.open('a')).destroy();
    for await (const chunk of await store.open('a')) {
      expect(bytes.indexOf(chunk)).toBe(0);
      break;
    }
    await store.delete('a');
    await db.close();
  });

  it('reads no further ahead than two pieces', async () => {
    await store.put('a', 1, content(50 * CHUNK_BYTES));
    const stream = await store.open('a');
    stream.once('readable', () => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stream.readableLength).toBeLessThanOrEqual(2 * CHUNK_BYTES);
    stream.destroy();
  });

  it('ends with an error where the database is closed under it', async () => {
    await store.put('a', 1, content(3_000_000));
    const stream = await store.open('a');
    await db.close();
    const error = await expectStorageError(() => drained(stream), 'ROCKSDB', '"a"');
    expect(error.cause).toMatchObject({ code: 'CLOSED' });
  });
});

describe('openIn', () => {
  it('finds what was stored before, and removes what an interrupted put has left', async () => {
    const path = join(temporaryFolder(), 'db');
    let found = await storeOn(await openAt(path, { columnFamilies: [SNAPSHOTS] }));
    await found.store.put('a', 1, content(2500, 1));
    // As after a crash: the source never comes to its end, and the database is closed under the put.
    const { source, begun } = slowSource(content(9000, 2));
    const cut = failureOf(() => found.store.put('a', 2, source));
    await begun;
    expect(await chunkKeys(found)).toHaveLength(4);
    await found.db.close();
    found = await storeOn(await openAt(path));
    expect(await chunkKeys(found)).toHaveLength(3);
    expect(await found.store.get('a')).toEqual(content(2500, 1));
    await found.store.put('b', 3, content(1500, 3));
    expect(await found.store.get('a')).toEqual(content(2500, 1));
    void cut;
  });

  it('gives one store, however often it is called: none removes what another is writing', async () => {
    const { source, begun, goOn } = slowSource(content(3000));
    const put = store.put('a', 1, source);
    await begun;
    const other = await SnapshotStore.openIn(db, SNAPSHOTS);
    await other.put('b', 2, content(300_000, 2));
    goOn();
    await put;
    expect(await other.get('a')).toEqual(content(3000));
    expect(await store.get('b')).toEqual(content(300_000, 2));
  });

  it('reads a database that is open read-only, beside a writer, and leaves alone what is half written', async () => {
    const path = join(temporaryFolder(), 'db');
    const writer = await storeOn(await openAt(path, { columnFamilies: [SNAPSHOTS] }));
    await writer.store.put('a', 1, content(2500));
    const { source, begun, goOn } = slowSource(content(9000, 2));
    const put = writer.store.put('b', 2, source);
    await begun;
    const reader = await storeOn(await openAt(path, { readOnly: true }));
    expect(names(await reader.store.list())).toEqual(['a']);
    expect(await drained(await reader.store.open('a'))).toEqual(content(2500));
    for (const call of [
      () => reader.store.put('c', 1, content(1)),
      () => reader.store.put('c', 1, content(0)),
      () => reader.store.delete('a'),
      () => reader.store.prune({ keep: 0 }),
    ]) {
      const error = await expectStorageError(call, 'ROCKSDB');
      expect(error.cause).toMatchObject({ code: 'READ_ONLY' });
    }
    goOn();
    await put;
    expect(await writer.store.get('b')).toEqual(content(9000, 2));
  });

  it('refuses a column family that is not there, or is the log', async () => {
    await expectStorageError(() => SnapshotStore.openIn(db, 'none'), 'COLUMN_FAMILY_NOT_FOUND', 'none');
    await expectStorageError(() => SnapshotStore.openIn(db, ''), 'INVALID_ARGUMENT', 'columnFamily');
    await expectStorageError(() => SnapshotStore.openIn({} as Database, 'a'), 'INVALID_ARGUMENT', 'db');
    const { RocksdbStorage } = await import('../../../lib/index.js');
    RocksdbStorage.openIn(db, 'log').appendEntry('a');
    await expectStorageError(() => SnapshotStore.openIn(db, 'log'), 'META', 'log', '0x4c2f');
  });

  it('may be called again after it has failed', async () => {
    const database = await temporaryDatabase();
    await expectStorageError(() => SnapshotStore.openIn(database, SNAPSHOTS), 'COLUMN_FAMILY_NOT_FOUND');
    await database.createColumnFamily(SNAPSHOTS);
    expect(await (await SnapshotStore.openIn(database, SNAPSHOTS)).list()).toEqual([]);
  });
});

describe('after close', () => {
  it('every method rejects with CLOSED as the cause', async () => {
    await store.put('a', 1, content(1));
    await db.close();
    for (const call of [
      () => store.put('b', 1, content(1)),
      () => store.open('a'),
      () => store.get('a'),
      () => store.list(),
      () => store.latest(),
      () => store.delete('a'),
      () => store.prune({ keep: 0 }),
      () => SnapshotStore.openIn(db, SNAPSHOTS),
    ]) {
      const error = await failureOf(call);
      if (!(error instanceof StorageError)) throw error;
      expect(error.cause).toBeInstanceOf(RocksError);
      expect([error.code, (error.cause as RocksError).code]).toEqual(['ROCKSDB', 'CLOSED']);
    }
  });
});

describe('a clock', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each<[unknown, number]>([
    [-1, -1],
    [-62_135_596_800_000, -62_135_596_800_000],
    [-8.64e15, -8.64e15],
    [8.64e15, 8.64e15],
    [1.5, 1],
    [-0, 0],
    [-8.64e15 - 1, 0],
    [2 ** 60, 0],
    [Number.NaN, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [undefined, 0],
  ])('that shows %p makes a snapshot of %p, which can be read, listed and replaced', async (now, createdAt) => {
    jest.spyOn(Date, 'now').mockReturnValue(now as number);
    const info = await store.put('a', 1, content(2500));
    jest.restoreAllMocks();
    expect(info.createdAt.getTime()).toBe(createdAt);
    expect(await store.list()).toEqual([info]);
    expect(await store.get('a')).toEqual(content(2500));
    const { path } = db;
    await db.close();
    ({ store, db } = await storeOn(await openAt(path)));
    expect(await store.latest()).toEqual(info);
    await store.put('a', 2, content(10));
    expect(await store.list()).toMatchObject([{ index: 2 }]);
  });
});

describe('inspect', () => {
  it('shows where the store is', () => {
    expect(inspect(store)).toBe(`SnapshotStore { path: '${db.path}', columnFamily: 'snapshots' }`);
    expect(inspect([[[store]]], { depth: 0 })).toBe('[ [Array] ]');
    expect(inspect({ store }, { depth: 0 })).toBe('{ store: [SnapshotStore] }');
  });
});
