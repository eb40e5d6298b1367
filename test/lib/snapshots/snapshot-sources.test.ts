// What becomes of a source that was handed to a call: it is read to its end, or closed, whatever happens.

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Database, RocksdbStorage, RocksError, type SnapshotSource, type SnapshotStore } from '../../../lib/index.js';
import { ChunkReader } from '../../../lib/snapshots/chunk-reader.js';
import { failureOf } from '../../support/failures.js';
import {
  CHUNK_BYTES,
  chunkKeys,
  content,
  newStore,
  type OpenStore,
  SNAPSHOTS,
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
afterEach(() => {
  jest.restoreAllMocks();
});

interface Watched {
  source: SnapshotSource;
  /** Whether it was told to end. */
  isClosed: () => boolean;
}

/** A source of each kind that gives these pieces, and then, if `stalls`, nothing more. */
const kinds: Record<string, (pieces: Uint8Array[], stalls?: boolean) => Watched> = {
  iterable: (pieces) => {
    let closed = 0;
    const iterator = pieces.values();
    const source: Iterable<Uint8Array> = {
      [Symbol.iterator]: () => ({
        next: () => iterator.next(),
        return: () => {
          closed++;
          return { done: true, value: undefined };
        },
      }),
    };
    return { source, isClosed: () => closed === 1 };
  },
  'async iterable': (pieces, stalls = false) => {
    let closed = 0;
    const iterator = pieces.values();
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const step = iterator.next();
          if (step.done && stalls) await new Promise(() => {});
          return step;
        },
        return: async () => {
          closed++;
          if (stalls) await new Promise(() => {}); // like a generator that is stuck in an await
          return { done: true, value: undefined };
        },
      }),
    };
    return { source, isClosed: () => closed === 1 };
  },
  'stream of Node': (pieces, stalls = false) => {
    const left = [...pieces];
    const source = new Readable({
      objectMode: true,
      read() {
        const piece = left.shift();
        if (piece !== undefined || !stalls) this.push(piece ?? null);
      },
    });
    return { source, isClosed: () => source.destroyed };
  },
  'stream of the web': (pieces, stalls = false) => {
    const left = [...pieces];
    let closed = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const piece = left.shift();
          if (piece !== undefined) controller.enqueue(piece);
          else if (!stalls) controller.close();
          else return new Promise(() => {});
        },
        cancel() {
          closed++;
          if (stalls) return new Promise(() => {});
        },
      },
      { highWaterMark: 0 },
    );
    return { source: source as unknown as AsyncIterable<Uint8Array>, isClosed: () => closed === 1 };
  },
};
const everyKind = Object.keys(kinds);
const stallingKinds = everyKind.filter((kind) => kind !== 'iterable');
const watched = (kind: string, pieces: Uint8Array[], stalls?: boolean) =>
  (kinds[kind] as (typeof kinds)[string])(pieces, stalls);

type Refusal = (source: SnapshotSource) => Promise<unknown>;
const log = () => RocksdbStorage.openIn<string>(db, 'log');

/** Calls that never read their source. */
const refusals: [string, Refusal][] = [
  ['a bad name', (source) => store.put('', 1, source)],
  ['a bad index', (source) => store.put('a', -1, source)],
  ['bad options', (source) => store.put('a', 1, source, { overWrite: true } as never)],
  ['a signal that is none', (source) => store.put('a', 1, source, { signal: 'stop' } as never)],
  ['a signal that has aborted', (source) => store.put('a', 1, source, { signal: AbortSignal.abort() })],
  [
    'a name that is taken',
    async (source) => {
      await store.put('a', 1, content(10));
      await store.put('a', 1, source, { overwrite: false });
    },
  ],
  ['no log', (source) => store.compactTo(undefined as never, 'a', 1, source)],
  [
    'a log in another database',
    async (source) => {
      const other = RocksdbStorage.openIn<string>(await temporaryDatabase({ columnFamilies: ['log'] }), 'log');
      await store.compactTo(other, 'a', 0, source);
    },
  ],
  ['an index that is none', (source) => store.compactTo(log(), 'a', 0.5, source)],
  ['an index past the end of the log', (source) => store.compactTo(log(), 'a', 1, source)],
  [
    'a log that goes past the snapshot',
    async (source) => {
      const storage = log();
      storage.appendEntries(['a', 'b']);
      await store.restore(storage, 'a', 1, source);
    },
  ],
  [
    'a closed database',
    async (source) => {
      await db.close();
      await store.put('a', 1, source);
    },
  ],
  [
    'a closed database and a log',
    async (source) => {
      const storage = log();
      await db.close();
      await store.restore(storage, 'a', 1, source);
    },
  ],
];

describe('a source of a call that is refused', () => {
  const cases = everyKind.flatMap((kind) => refusals.map(([what, call]) => [kind, what, call] as const));

  it.each(cases)('is closed: %s, refused for %s', async (kind, _, call) => {
    const { source, isClosed } = watched(kind, [content(10)]);
    await failureOf(() => call(source));
    expect(isClosed()).toBe(true);
  });

  it('is a file that is not there: no error of it ends the process, and the refusal is what is told', async () => {
    const missing = createReadStream(join(temporaryFolder(), 'none'));
    await expectStorageError(() => store.put('', 1, missing), 'INVALID_ARGUMENT', 'name');
    await new Promise<void>((resolve) => missing.once('close', resolve));
  });

  it('may be what another store streams, which then lets go of its files', async () => {
    await store.put('s', 2, content(100 * CHUNK_BYTES));
    const bytes = await store.open('s');
    await expectStorageError(() => store.restore(log(), '', 2, bytes), 'INVALID_ARGUMENT');
    expect(bytes.destroyed).toBe(true);
  });
});

describe('a source of a call that fails', () => {
  it.each(everyKind)('is closed where a write fails in the middle: %s', async (kind) => {
    const failure = new RocksError('IO_ERROR', 'injected');
    jest.spyOn(Database.prototype, 'write').mockRejectedValueOnce(failure);
    const { source, isClosed } = watched(kind, new Array(5).fill(content(CHUNK_BYTES)));
    await expectStorageError(() => store.put('a', 1, source), 'ROCKSDB', 'injected');
    expect(isClosed()).toBe(true);
    expect(await chunkKeys(opened)).toEqual([]);
  });

  it.each(everyKind)('is closed where a piece is not bytes: %s', async (kind) => {
    const { source, isClosed } = watched(kind, [content(10), new Uint16Array(2) as never, content(10)]);
    await expectStorageError(() => store.put('a', 1, source), 'INVALID_ARGUMENT', 'piece 1 of source');
    expect(isClosed()).toBe(true);
  });

  it.each(everyKind)('is closed where the column family is dropped meanwhile: %s', async (kind) => {
    const { source, isClosed } = watched(kind, new Array(5).fill(content(CHUNK_BYTES)));
    const put = failureOf(() => store.put('a', 1, source));
    await db.dropColumnFamily(SNAPSHOTS);
    expect(await put).toMatchObject({ name: 'StorageError', code: 'COLUMN_FAMILY_NOT_FOUND' });
    expect(isClosed()).toBe(true);
  });

  it('is closed before the call rejects, where closing waits for nothing', async () => {
    let closed = false;
    async function* source() {
      try {
        yield 'no bytes' as never;
      } finally {
        for (let i = 0; i < 20; i++) await undefined;
        closed = true;
      }
    }
    await expectStorageError(() => store.put('a', 1, source()), 'INVALID_ARGUMENT', 'piece 0');
    expect(closed).toBe(true);
  });

  it('is told to close, and closes later, where that takes its time', async () => {
    let goOn = () => {};
    const closed = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let isClosed = false;
    async function* source() {
      try {
        yield 'no bytes' as never;
      } finally {
        await closed;
        isClosed = true;
      }
    }
    await expectStorageError(() => store.put('a', 1, source()), 'INVALID_ARGUMENT', 'piece 0');
    expect(isClosed).toBe(false);
    goOn();
    await new Promise(setImmediate);
    expect(isClosed).toBe(true);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('of closing');
      },
    ],
    ['rejects', () => Promise.reject(new Error('of closing'))],
    ['gives nothing', () => undefined],
  ])('does not hide why, where its return %s', async (_, end) => {
    const source = { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return: end }) };
    await expectStorageError(() => store.put('a', 1, source as never), 'INVALID_ARGUMENT', 'piece 0 of source');
    await expectStorageError(() => store.put('', 1, source as never), 'INVALID_ARGUMENT', 'name');
  });

  it('is not closed once more where it has failed itself, or has come to its end', async () => {
    let closed = 0;
    const failure = new Error('of the source');
    const iterable = (next: () => unknown) => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => next(),
        return: async () => {
          closed++;
        },
      }),
    });
    const failing = iterable(() => {
      throw failure;
    });
    expect(await failureOf(() => store.put('a', 1, failing as never))).toBe(failure);
    const empty = iterable(() => ({ done: true }));
    jest.spyOn(Database.prototype, 'write').mockRejectedValueOnce(new RocksError('IO_ERROR', 'injected'));
    await expectStorageError(() => store.put('a', 1, empty as never), 'ROCKSDB');
    expect(closed).toBe(0);
  });
});

describe('a source that is strange', () => {
  it.each<[string, unknown, string]>([
    ['gives no iterator', { [Symbol.iterator]: () => 7 }, 'an iterator, not 7'],
    ['gives an iterator without next', { [Symbol.asyncIterator]: () => ({}) }, 'an iterator, not {}'],
    ['gives no objects', { [Symbol.iterator]: () => ({ next: () => 7 }) }, 'not 7'],
    ['gives no objects later', { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }, 'not undefined'],
  ])('is refused: it %s', async (_, source, words) => {
    await expectStorageError(() => store.put('a', 1, source as never), 'INVALID_ARGUMENT', 'source', words);
  });

  it.each<[string, unknown]>([
    ['was read', content(5)],
    ['was refused half-way', 'no bytes'],
  ])('is not locked any more once it %s', async (_, last) => {
    const pieces = [content(3 * CHUNK_BYTES), last];
    const stream = new ReadableStream({
      pull(controller) {
        if (pieces.length > 0) controller.enqueue(pieces.shift());
        else controller.close();
      },
    });
    await store.put('a', 1, stream as never).catch(() => {});
    expect(stream.locked).toBe(false);
  });

  it('is refused where somebody else reads it, and left to that one', async () => {
    const stream = new ReadableStream({ start: (controller) => controller.enqueue(content(5)) });
    const reader = stream.getReader();
    await expectStorageError(() => store.put('a', 1, stream as never), 'INVALID_ARGUMENT', 'nobody else reads');
    expect((await reader.read()).value).toEqual(content(5));
  });

  it('is taken where it gives promises of its pieces', async () => {
    await store.put('a', 1, [Promise.resolve(content(5)), content(6)] as never);
    expect(await store.get('a')).toEqual(Buffer.concat([content(5), content(6)]));
    const failure = new Error('of a piece');
    const rejected = Promise.reject(failure);
    expect(await failureOf(() => store.put('a', 1, [rejected] as never))).toBe(failure);
  });

  it('keeps nobody else from having a turn, where all of its pieces are empty', async () => {
    const stop = new AbortController();
    function* empty() {
      for (;;) yield new Uint8Array(0);
    }
    setImmediate(() => stop.abort());
    expect(await failureOf(() => store.put('a', 1, empty(), { signal: stop.signal }))).toBe(stop.signal.reason);
  });

  it.each(everyKind)('is none: %s of any pieces is stored as they are', async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3 * CHUNK_BYTES }), { maxLength: 5 }), async (pieces) => {
        const { source } = watched(kind, pieces);
        await store.put('a', 1, source);
        expect((await store.get('a'))?.equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});

/** The first chunk of a put is there, and no more is to come. */
async function stalled(): Promise<void> {
  while ((await chunkKeys(opened)).length === 0);
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
}

describe('a source that stalls', () => {
  it.each(stallingKinds)('is given up when the database closes: %s', async (kind) => {
    const { source, isClosed } = watched(kind, [content(CHUNK_BYTES)], true);
    const put = failureOf(() => store.put('a', 1, source));
    await stalled();
    await db.close();
    const error = await put;
    expect(error).toMatchObject({ name: 'StorageError', code: 'ROCKSDB', message: expect.stringContaining(db.path) });
    expect((error as Error).cause).toBeInstanceOf(RocksError);
    expect((error as Error).cause).toMatchObject({ code: 'CLOSED' });
    expect(isClosed()).toBe(true);
  });

  it('is given up when the database closes in a blocking way, or by the end of a scope', async () => {
    for (const close of [(database: Database) => database.closeSync(), (database: Database) => database.close()]) {
      opened = await newStore();
      const { source } = watched('async iterable', [content(CHUNK_BYTES)], true);
      const put = failureOf(() => opened.store.put('a', 1, source));
      await stalled();
      await close(opened.db);
      expect(await put).toMatchObject({ code: 'ROCKSDB', cause: { code: 'CLOSED' } });
    }
  });

  it.each(stallingKinds)('is given up by a signal, whose reason the call rejects with: %s', async (kind) => {
    const storage = log();
    storage.appendEntries(['a', 'b']);
    storage.setDecidedIdx(1);
    const other = RocksdbStorage.openIn<string>(db, 'default');
    const calls: ((source: SnapshotSource, signal: AbortSignal) => Promise<unknown>)[] = [
      (source, signal) => store.put('a', 1, source, { signal }),
      (source, signal) => store.compactTo(storage, 'a', 1, source, { signal }),
      (source, signal) => store.restore(other, 'a', 1, source, { signal }),
    ];
    for (const call of calls) {
      const { source, isClosed } = watched(kind, [content(CHUNK_BYTES)], true);
      const stop = new AbortController();
      const outcome = failureOf(() => call(source, stop.signal));
      await stalled();
      const reason = new Error('enough');
      stop.abort(reason);
      expect(await outcome).toBe(reason);
      expect(isClosed()).toBe(true);
      expect([await store.list(), await chunkKeys(opened)]).toEqual([[], []]);
    }
    expect([storage.getSuffix(0), other.getBounds()]).toEqual([['a', 'b'], { first: 0, next: 0 }]);
  });

  it('as a generator that is stuck in an await holds up neither the close nor the call', async () => {
    async function* stuck() {
      yield content(CHUNK_BYTES);
      await new Promise(() => {});
    }
    const put = failureOf(() => store.put('a', 1, stuck()));
    await stalled();
    await db.close();
    expect(await put).toMatchObject({ code: 'ROCKSDB', cause: { code: 'CLOSED' } });
  });

  describe('only when it is told to end', () => {
    it.each(refusals)('is not waited for, nor its failure told: refused for %s', async (_, call) => {
      let told = 0;
      let fail: (error: Error) => void = () => {};
      const end = () => {
        told++;
        return new Promise((_, reject) => {
          fail = reject;
        });
      };
      const source = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: end }) };
      const unhandled = jest.fn();
      process.on('unhandledRejection', unhandled);
      await failureOf(() => call(source as never));
      expect(told).toBe(1);
      fail(new Error('of closing'));
      await new Promise(setImmediate);
      process.off('unhandledRejection', unhandled);
      expect(unhandled).not.toHaveBeenCalled();
    });

    it('is not waited for where a piece is refused', async () => {
      const ends = { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return: () => new Promise(() => {}) }) };
      await expectStorageError(() => store.put('a', 1, ends as never), 'INVALID_ARGUMENT', 'piece 0');
    });
  });
});

describe('a signal', () => {
  it('that aborts at any time leaves all of a snapshot or nothing, and an outcome that says which', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.nat(4 * CHUNK_BYTES), fc.boolean(), async (turns, length, earlier) => {
        await store.delete('a');
        if (earlier) await store.put('a', 1, content(500));
        const stop = new AbortController();
        async function* source() {
          for (let at = 0; at < length; at += CHUNK_BYTES / 2) {
            await new Promise(setImmediate);
            yield content(length, 2).subarray(at, at + CHUNK_BYTES / 2);
          }
        }
        const put = store.put('a', 2, source(), { signal: stop.signal }).then(
          () => 'stored',
          (error) => error,
        );
        for (let i = 0; i < turns; i++) await new Promise(setImmediate);
        stop.abort();
        const outcome = await put;
        const found = await store.get('a');
        if (outcome === 'stored') expect(found).toEqual(content(length, 2));
        else expect([outcome, found]).toEqual([stop.signal.reason, earlier ? content(500) : undefined]);
        expect(await chunkKeys(opened)).toHaveLength(Math.ceil((found?.length ?? 0) / CHUNK_BYTES));
      }),
      { numRuns: 60 },
    );
  });

  it('that has aborted before has nothing written', async () => {
    const write = jest.spyOn(Database.prototype, 'write');
    const signal = AbortSignal.abort();
    expect(await failureOf(() => store.put('a', 1, content(10), { signal }))).toBe(signal.reason);
    expect(write).not.toHaveBeenCalled();
  });

  it('that aborts while many chunks are there has no more of them written', async () => {
    const stop = new AbortController();
    const put = Database.prototype.write;
    const write = jest.spyOn(Database.prototype, 'write').mockImplementation(function (this: Database, ...args) {
      stop.abort();
      return put.apply(this, args);
    });
    const { signal } = stop;
    expect(await failureOf(() => store.put('a', 1, content(20 * CHUNK_BYTES), { signal }))).toBe(signal.reason);
    expect(write).toHaveBeenCalledTimes(2); // the first chunk, and its removal
    jest.restoreAllMocks();
    expect(await chunkKeys(opened)).toEqual([]);
  });

  it('that aborts while the last write waits for that of another put has it not made', async () => {
    const put = Database.prototype.write;
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const began = new Promise<void>((resolve) => {
      jest.spyOn(Database.prototype, 'write').mockImplementation(async function (this: Database, batch, options) {
        if (options?.sync) {
          resolve();
          await gate;
        }
        return put.call(this, batch, options);
      });
    });
    const other = store.put('other', 1, []);
    await began;
    const stop = new AbortController();
    const outcome = failureOf(() => store.put('a', 1, [], { signal: stop.signal }));
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    stop.abort();
    goOn();
    expect(await outcome).toBe(stop.signal.reason);
    await other;
    expect(await store.list()).toMatchObject([{ name: 'other' }]);
  });

  it('is listened to only while the call is under way', async () => {
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    await store.put('a', 1, content(10), { signal });
    await failureOf(() => store.put('a', 1, ['no bytes'] as never, { signal }));
    expect(added).toHaveBeenCalledTimes(2);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });

  it('ends a stream that open has given, with its reason', async () => {
    await store.put('a', 1, content(2_000_000));
    const stop = new AbortController();
    const stream = await store.open('a', { signal: stop.signal });
    const removed = jest.spyOn(stop.signal, 'removeEventListener');
    const chunks = stream[Symbol.asyncIterator]();
    await chunks.next();
    const reason = new Error('enough');
    stop.abort(reason);
    const rest = async () => {
      for (let step = await chunks.next(); !step.done; step = await chunks.next());
    };
    expect(await failureOf(rest)).toBe(reason);
    expect(stream.destroyed).toBe(true);
    expect(removed).toHaveBeenCalled();
  });

  it('that has aborted is refused by open and get, with its reason, and holds nothing', async () => {
    await store.put('a', 1, content(2_000_000));
    const signal = AbortSignal.abort();
    expect(await failureOf(() => store.open('a', { signal }))).toBe(signal.reason);
    expect(await failureOf(() => store.get('a', { signal }))).toBe(signal.reason);
    expect(await failureOf(() => store.get('none', { signal }))).toBe(signal.reason);
    await expectStorageError(() => store.open('a', { signal: {} } as never), 'INVALID_ARGUMENT', 'options.signal');
    await expectStorageError(() => store.get('a', { abort: signal } as never), 'INVALID_ARGUMENT', "'abort'");
  });

  it('that aborts while open or get look for the snapshot is not lost', async () => {
    await store.put('a', 1, content(10));
    const get = Database.prototype.get;
    for (const read of [
      (signal: AbortSignal) => store.open('a', { signal }),
      (signal: AbortSignal) => store.get('a', { signal }),
    ]) {
      for (const looks of [1, 2]) {
        const stop = new AbortController();
        let looked = 0;
        jest.spyOn(Database.prototype, 'get').mockImplementation(function (this: Database, ...args) {
          if (++looked === looks) stop.abort();
          return get.apply(this, args);
        });
        expect(await failureOf(() => read(stop.signal))).toBe(stop.signal.reason);
      }
    }
  });

  it('that aborts at a chunk ends a get there', async () => {
    await store.put('a', 1, content(5 * CHUNK_BYTES));
    const stop = new AbortController();
    const next = ChunkReader.prototype.next;
    const read = jest.spyOn(ChunkReader.prototype, 'next').mockImplementation(function (this: ChunkReader) {
      stop.abort();
      return next.call(this);
    });
    expect(await failureOf(() => store.get('a', { signal: stop.signal }))).toBe(stop.signal.reason);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('ends a get, whenever it aborts', async () => {
    const bytes = content(2_000_000);
    await store.put('a', 1, bytes);
    for (let turns = 0; turns < 30; turns++) {
      const stop = new AbortController();
      const got = store.get('a', { signal: stop.signal }).catch((error) => error);
      for (let i = 0; i < turns; i++) await new Promise(setImmediate);
      stop.abort();
      const outcome = await got;
      if (outcome !== stop.signal.reason) expect(bytes.equals(outcome)).toBe(true);
    }
  });
});

it('a put that is given up by a close leaves chunks to the next open, which removes them', async () => {
  const { source } = watched('async iterable', [content(3 * CHUNK_BYTES)], true);
  const put = failureOf(() => store.put('a', 1, source));
  await stalled();
  const { path } = db;
  await db.close();
  await put;
  opened = await storeOn(await openAt(path));
  expect([await opened.store.list(), await chunkKeys(opened)]).toEqual([[], []]);
});
