// What `readPacked` gives, against the contract in its plainest form and against `getEntries`. fast-check prints the seed of a
// failure.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StorageOp } from '../../../../lib/contract/storage.js';
import { rawCodec } from '../../../../lib/format/raw-codec.js';
import { type PackedPage, type RocksdbStorage, StorageError } from '../../../../lib/index.js';
import type { AnyStorage } from '../../../../lib/testing/storage-suite/any-storage.js';
import { failureOf } from '../../../../lib/testing/storage-suite/contract.js';
import { LogModel } from '../../../../lib/testing/storage-suite/log-model.js';
import { STORAGES, type StorageRow } from '../../../support/storages.js';

type Packing<T> = AnyStorage<T> & {
  readPacked(...args: Parameters<RocksdbStorage<T>['readPacked']>): PackedPage | Promise<PackedPage>;
};
type Op = StorageOp<Uint8Array, unknown>;

const entry = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4000, max: 9000 }).map((size) => Buffer.alloc(size, size)) },
);
const entries = fc.array(entry, { maxLength: 12 });
const index = fc.integer({ min: 0, max: 60 });
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: entries.map((entries) => ({ type: 'appendEntries' as const, entries })) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('appendOnPrefix' as const), fromIdx: index, entries }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('trim' as const), idx: index }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('setCompactedIdx' as const), idx: index }) },
);
const maxBytes = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 20_000 }));

/** `getEntries(from, to, { maxBytes })` of what is live. */
function expected(model: LogModel<Uint8Array, unknown>, from: number, to: number, maxBytes: number): string[] {
  const live = new Map(model.indexed.map(({ index, entry }) => [index, entry]));
  const { indices } = model;
  if (from >= to || from < (indices[0] ?? 0) || to > (indices.at(-1) ?? -1) + 1) return [];
  const found: string[] = [];
  for (let idx = from, bytes = 0; idx < to && bytes < maxBytes; idx++) {
    const there = live.get(idx);
    if (there === undefined) return [];
    found.push(hex(there));
    bytes += there.length + 1;
  }
  return found;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The entries as a reader finds them who has nothing but the bytes. */
function parsed(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    found.push(hex(bytes.subarray(at + 4, end)));
    at = end;
  }
  return found;
}

describe.each(STORAGES)('readPacked of $name', ({ givenWith, given }: StorageRow) => {
  it('gives what getEntries gives, of any log and range, in pages of any size', async () => {
    const runs = fc.asyncProperty(
      fc.array(op, { maxLength: 8 }),
      fc.array(maxBytes, { minLength: 1, maxLength: 3 }),
      check,
    );
    await fc.assert(runs, { numRuns: 12 });

    async function check(ops: readonly Op[], sizes: readonly number[]): Promise<void> {
      const steps = ops.map((op) => (log: AnyStorage<Uint8Array>) => log.writeAtomically([op]));
      const log = (await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, ...steps)) as Packing<Uint8Array>;
      const model = new LogModel<Uint8Array, unknown>();
      for (const op of ops) model.write([op]);
      const bounds = [...new Set([...model.edges(12), ...model.indices.slice(1, 4), model.next + 1])];
      for (const from of bounds) {
        for (const to of bounds) {
          for (const maxBytes of sizes) {
            const page = await log.readPacked(from, to, { maxBytes });
            const found = expected(model, from, to, maxBytes);
            expect(parsed(page.bytes)).toEqual(found);
            expect(Array.from(page, hex)).toEqual(found);
            expect([page.from, page.length, page.next]).toEqual([from, found.length, from + found.length]);
            expect((await log.getEntries(from, to, { maxBytes })).map(hex)).toEqual(found);
          }
        }
      }
    }
  });

  it('goes on at `next` until all of the log has been given', async () => {
    const sizes = Array.from({ length: 300 }, (_, i) => (i * 37) % 211);
    const log = (await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (log) =>
      log.appendEntries(sizes.map((size) => Buffer.alloc(size, size))),
    )) as Packing<Uint8Array>;
    for (const maxBytes of [1, 100, 1000, 64 * 1024 * 1024, undefined]) {
      const found: string[] = [];
      for (let next = 0; next < sizes.length; ) {
        const page = await log.readPacked(next, sizes.length, maxBytes === undefined ? {} : { maxBytes });
        expect(page.length).toBeGreaterThan(0);
        const { bytes, offsets } = page;
        expect(offsets).toHaveLength(page.length + 1);
        for (let i = 0; i < page.length; i++) {
          const view = bytes.subarray(offsets[i], (offsets[i + 1] as number) - 4);
          expect(view.equals(page.at(i))).toBe(true);
          found.push(hex(view));
        }
        next = page.next;
      }
      expect(found).toEqual(sizes.map((size) => hex(Buffer.alloc(size, size))));
    }
  });

  it('takes entries of any size, and pages larger than what is read at once', async () => {
    const sizes = [3, 700_000, 700_000, 0, 3_000_000, 1, 1_048_560, 5];
    const entries = sizes.map((size, i) => Buffer.alloc(size, i));
    const log = (await givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (log) =>
      log.appendEntries(entries),
    )) as Packing<Uint8Array>;
    const all = await log.readPacked(0, sizes.length, { maxBytes: 64 * 1024 * 1024 });
    expect(Array.from(all, (entry, i) => entry.equals(entries[i] as Buffer))).toEqual(sizes.map(() => true));
    expect((await log.readPacked(0, sizes.length, { maxBytes: 1_400_006 })).length).toBe(3);
    expect((await log.readPacked(0, sizes.length, { maxBytes: 1_400_007 })).length).toBe(4);
    expect((await log.getEntries(0, sizes.length)).map(({ length }) => length)).toEqual(sizes);
  });

  it('gives bytes that are the caller’s, and what the codec has made', async () => {
    const log = (await given((log) => log.appendEntries(['a', 'b']))) as Packing<string>;
    const page = await log.readPacked(0, 2);
    expect(Array.from(page, hex)).toEqual(['a161', 'a162']); // MessagePack
    page.bytes.fill(0xff);
    expect(await log.getEntries(0, 2)).toEqual(['a', 'b']);
    expect(Array.from(await log.readPacked(0, 2), hex)).toEqual(['a161', 'a162']);
  });

  it('refuses what is no range, no option, and no place', async () => {
    const log = (await given((log) => log.appendEntries(['a']))) as Packing<string>;
    const refused = [
      () => log.readPacked(-1, 1),
      () => log.readPacked(0, 1.5),
      () => log.readPacked(0, 1, { maxBytes: 0 }),
      () => log.readPacked(0, 1, { maxBytes: 64 * 1024 * 1024 + 1 }),
      () => log.readPacked(0, 1, { limit: 1 } as never),
      async () => (await log.readPacked(0, 1)).at(1),
      async () => (await log.readPacked(0, 1)).at(-1),
    ];
    for (const call of refused) {
      const failure = await failureOf(call);
      expect(failure).toBeInstanceOf(StorageError);
      expect(failure.code).toBe('INVALID_ARGUMENT');
    }
    const stopped = AbortSignal.abort(new Error('enough'));
    expect((await failureOf(() => log.readPacked(0, 1, { signal: stopped }))).message).toBe('enough');
  });
});
