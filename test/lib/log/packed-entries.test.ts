// Entries that come packed are stored as they would be one by one, in every storage.

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rawCodec, type StorageOp } from '../../../lib/index.js';
import { IndexedRecords } from '../../../lib/log/indexed-records.js';
import { packed } from '../../support/packed.js';
import { expectStorageError } from '../../support/storage-failures.js';
import { STORAGES } from '../../support/storages.js';

type Op = StorageOp<Uint8Array, unknown>;

const entries = fc.array(fc.string({ maxLength: 700 }), { maxLength: 40 });

/** As the engine gives them: the type does not say that it may be packed. */
function packedOps(ops: readonly Op[]): Op[] {
  return ops.map((op) => ('entries' in op ? { ...op, entries: packed(op.entries.map(String)) as never } : op));
}

describe('packed entries', () => {
  it('are the same list by place, in order, and in part', () => {
    fc.assert(
      fc.property(entries, fc.nat(40), fc.nat(40), fc.nat(2000), (list, a, b, maxBytes) => {
        const all = packed(list);
        expect([...all].map(String)).toEqual(list);
        expect(all.byteLength).toBe(Buffer.byteLength(list.join('')));
        const [from, to] = [Math.min(a, b, list.length), Math.min(Math.max(a, b), list.length)];
        expect([...all.part(from, to).copy()].map(String)).toEqual(list.slice(from, to));
        if (from === to) return;
        const count = all.countWithin(from, to, maxBytes);
        expect(count === 1 || all.part(from, from + count).bytes.length <= maxBytes).toBe(true);
        expect(from + count === to || all.part(from, from + count + 1).bytes.length > maxBytes).toBe(true);
      }),
    );
  });

  it.each(STORAGES)('are stored by $name as they would be one by one', async ({ givenWith }) => {
    const appends = fc.record({ type: fc.constant('appendEntries' as const), entries });
    const onPrefix = fc.record({ type: fc.constant('appendOnPrefix' as const), fromIdx: fc.nat(60), entries });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(appends, onPrefix), { minLength: 1, maxLength: 6 }), async (script) => {
        const ops: Op[] = script.map((op) => ({ ...op, entries: op.entries.map((entry) => Buffer.from(entry)) }));
        const write = (given: Op[]) =>
          givenWith<Uint8Array, unknown>({ entryCodec: rawCodec }, (log) => log.writeAtomically(given));
        const [one, other] = [await write(ops), await write(packedOps(ops))];
        expect(await other.getBounds()).toEqual(await one.getBounds());
        expect(await other.getSuffix(0)).toEqual(await one.getSuffix(0));
      }),
      { numRuns: 5 },
    );
  });

  it.each(STORAGES)('are refused by $name where its codec takes no bytes', async ({ given }) => {
    const log = await given();
    const ops = packedOps([{ type: 'appendEntries', entries: [Buffer.from('entry')] }]) as never;
    await expectStorageError(() => log.writeAtomically(ops), 'CODEC', 'rawCodec');
    expect(await log.getLogLen()).toBe(0);
  });
});

describe('IndexedRecords', () => {
  it('holds what a map holds', () => {
    const start = fc.oneof(fc.nat(5000), fc.integer({ min: 2 ** 52, max: 2 ** 52 + 5000 }));
    const change = fc.record({ isRemoval: fc.boolean(), from: start, count: fc.nat(3000), value: fc.string() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), start, (changes, at) => {
        const records = new IndexedRecords<string>();
        const map = new Map<number, string>();
        for (const { isRemoval, from, count, value } of changes) {
          if (isRemoval) records.remove(from, from + count);
          else records.fill(from, from + count, value);
          for (let idx = from; idx < from + count; idx++) isRemoval ? map.delete(idx) : map.set(idx, value);
        }
        const there = [...map.keys()].sort((a, b) => a - b);
        expect([...records.indices(0, Number.MAX_SAFE_INTEGER)]).toEqual(there);
        expect([...records.indices(at, at + 2000)]).toEqual(there.filter((idx) => idx >= at && idx < at + 2000));
        for (const idx of [...there.slice(0, 50), at]) expect(records.get(idx)).toBe(map.get(idx));
      }),
      { numRuns: 40 },
    );
  });
});
