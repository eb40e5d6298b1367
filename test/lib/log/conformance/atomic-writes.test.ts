import { describe, expect, it } from '@jest/globals';
import type { Codec } from '../../../../lib/contract/codec.js';
import { msgpackCodec, type StorageOp } from '../../../../lib/index.js';
import { observe } from '../../../support/observe.js';
import { expectStorageError } from '../../../support/storage-failures.js';
import { STORAGES } from '../../../support/storages.js';

const ballot = (n: number) => ({ configId: 1, n, priority: 0, pid: 1 });
const stopsign = { nextConfig: { configurationId: 2, nodes: [1, 2] } };

const strings = msgpackCodec<string>();

/** Encodes strings, but not the one that says so. */
const picky: Codec<string> = {
  encode(value) {
    if (value === 'unencodable') throw new RangeError('this one does not fit');
    return strings.encode(value);
  },
  decode: strings.decode,
};

describe.each(STORAGES)('$name', ({ given, givenWith }) => {
  describe('writeAtomically', () => {
    it('does every kind of operation', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'appendEntry', entry: 'a' },
          { type: 'appendEntries', entries: ['b', 'c'] },
          { type: 'appendOnPrefix', fromIdx: 2, entries: ['C', 'D'] },
          { type: 'setPromise', ballot: ballot(3) },
          { type: 'setAcceptedRound', ballot: ballot(2) },
          { type: 'setDecidedIdx', idx: 2 },
          { type: 'setCompactedIdx', idx: 1 },
          { type: 'trim', idx: 1 },
          { type: 'setStopsign', stopsign },
          { type: 'setSnapshot', snapshot: 'a' },
        ]),
      );
      expect(await observe(log)).toEqual({
        bounds: { first: 1, next: 4 },
        entries: ['b', 'C', 'D'],
        logLen: 3,
        promise: ballot(3),
        acceptedRound: ballot(2),
        decidedIdx: 2,
        compactedIdx: 1,
        stopsign,
        snapshot: 'a',
      });
    });

    it('of nothing does nothing', async () => {
      const log = await given((log) => log.appendEntry('a'));
      const before = await observe(log);
      await log.writeAtomically([]);
      expect(await observe(log)).toEqual(before);
    });

    it('does the operations in their order: the later of two values stays', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'setPromise', ballot: ballot(1) },
          { type: 'setDecidedIdx', idx: 9 },
          { type: 'setSnapshot', snapshot: 'first' },
          { type: 'setStopsign', stopsign },
          { type: 'setPromise', ballot: ballot(2) },
          { type: 'setDecidedIdx', idx: 4 },
          { type: 'setSnapshot', snapshot: undefined },
          { type: 'setStopsign', stopsign: undefined },
        ]),
      );
      expect(await log.getPromise()).toEqual(ballot(2));
      expect(await log.getDecidedIdx()).toBe(4);
      expect(await log.getSnapshot()).toBeUndefined();
      expect(await log.getStopsign()).toBeUndefined();
    });

    it('lets each operation see the log that the ones before it leave', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'appendEntries', entries: ['a', 'b'] },
          { type: 'setCompactedIdx', idx: 5 },
          { type: 'appendEntry', entry: 'f' }, // at the floor, 5
          { type: 'trim', idx: 1 },
          { type: 'appendEntry', entry: 'g' },
        ]),
      );
      expect(await log.getSuffix(0)).toEqual(['b', 'f', 'g']);
      expect(await log.getEntries(5, 7)).toEqual(['f', 'g']);
    });

    it('appends after a trim that empties the log from the floor', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b', 'c']),
        (log) =>
          log.writeAtomically([
            { type: 'trim', idx: 3 },
            { type: 'appendEntry', entry: 'A' },
          ]),
      );
      expect(await log.getSuffix(0)).toEqual(['A']);
      expect(await log.getEntries(0, 1)).toEqual(['A']);
    });

    it('trims what was appended before it, and not what is appended after it', async () => {
      const log = await given((log) =>
        log.writeAtomically([
          { type: 'appendEntries', entries: Array.from({ length: 3000 }, (_, i) => `old ${i}`) },
          { type: 'trim', idx: 3000 },
          { type: 'appendEntries', entries: ['new 0', 'new 1'] },
        ]),
      );
      expect(await log.getSuffix(0)).toEqual(['new 0', 'new 1']);
      expect(await log.getBounds()).toEqual({ first: 0, next: 2 });
    });

    it('cuts what was appended before it, in doubt or not', async () => {
      const log = await given(
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.appendOnPrefix(6, ['g', 'h']),
        (log) =>
          log.writeAtomically([
            { type: 'appendEntry', entry: 'i' },
            { type: 'appendOnPrefix', fromIdx: 7, entries: ['H'] },
            { type: 'appendOnPrefix', fromIdx: 4, entries: [] },
            { type: 'appendEntry', entry: 'c' },
            { type: 'trim', idx: 1 },
          ]),
      );
      expect(await log.getSuffix(0)).toEqual(['b', 'c']);
      expect(await log.getBounds()).toEqual({ first: 1, next: 3 });
    });

    it('is nothing at all where one of its entries cannot be encoded', async () => {
      const log = await givenWith(
        { entryCodec: picky },
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setSnapshot('kept'),
        (log) => log.setCompactedIdx(1),
        async (log) => {
          const before = await observe(log);
          const ops: StorageOp<string, unknown>[] = [
            { type: 'setPromise', ballot: ballot(8) },
            { type: 'trim', idx: 1 },
            { type: 'setCompactedIdx', idx: 2 },
            { type: 'setSnapshot', snapshot: undefined },
            { type: 'setStopsign', stopsign },
            { type: 'appendEntries', entries: ['c', 'd', 'unencodable', 'f'] },
            { type: 'setDecidedIdx', idx: 5 },
          ];
          const error = await expectStorageError(() => log.writeAtomically(ops), 'CODEC', 'index 4', 'does not fit');
          expect(error.cause).toBeInstanceOf(RangeError);
          expect(await observe(log)).toEqual(before);
        },
      );
      expect(await observe(log)).toEqual({
        bounds: { first: 0, next: 2 },
        entries: ['a', 'b'],
        logLen: 1,
        promise: undefined,
        acceptedRound: undefined,
        decidedIdx: 0,
        compactedIdx: 1,
        stopsign: undefined,
        snapshot: 'kept',
      });
    });

    it('is nothing at all where one of its operations is invalid', async () => {
      const log = await given((log) => log.appendEntries(['a', 'b']));
      const before = await observe(log);
      await expectStorageError(
        () =>
          log.writeAtomically([
            { type: 'appendEntry', entry: 'c' },
            { type: 'setDecidedIdx', idx: -1 },
          ]),
        'INVALID_ARGUMENT',
        'ops[1].idx',
        '-1',
      );
      expect(await observe(log)).toEqual(before);
    });

    it('is nothing at all where one of its appends would pass the last index', async () => {
      const log = await given((log) => log.appendEntries(['a', 'b']));
      const before = await observe(log);
      await expectStorageError(
        () =>
          log.writeAtomically([
            { type: 'trim', idx: 1 },
            { type: 'setCompactedIdx', idx: Number.MAX_SAFE_INTEGER },
            { type: 'appendEntry', entry: 'z' },
          ]),
        'INVALID_ARGUMENT',
        String(Number.MAX_SAFE_INTEGER),
      );
      expect(await observe(log)).toEqual(before);
    });

    it('leaves the storage fit for use after it failed', async () => {
      const log = await givenWith({ entryCodec: picky });
      await expectStorageError(() => log.appendEntries(['a', 'unencodable']), 'CODEC');
      await log.writeAtomically([{ type: 'appendEntries', entries: ['a', 'b'] }]);
      expect(await log.getEntries(0, 2)).toEqual(['a', 'b']);
    });
  });

  describe.each([
    ['appendEntry', (log) => log.appendEntry('unencodable')],
    ['appendEntries', (log) => log.appendEntries(['c', 'd', 'unencodable'])],
    ['appendOnPrefix', (log) => log.appendOnPrefix(0, ['A', 'unencodable'])],
    ['setSnapshot', (log) => log.setSnapshot('unencodable')],
    ['compact', (log) => log.compact(1, 'unencodable')],
  ] as [string, Parameters<typeof givenWith<string, string>>[1]][])('%s', (_, write) => {
    it('of what its codec cannot encode is a CODEC error, and changes nothing', async () => {
      const log = await givenWith<string, string>(
        { entryCodec: picky, snapshotCodec: picky },
        (log) => log.appendEntries(['a', 'b']),
        (log) => log.setDecidedIdx(1),
        (log) => expectStorageError(() => write(log), 'CODEC', 'does not fit'),
      );
      expect(await log.getSuffix(0)).toEqual(['a', 'b']);
      expect(await log.getLogLen()).toBe(2);
      expect(await log.getCompactedIdx()).toBe(0);
      expect(await log.getSnapshot()).toBeUndefined();
    });
  });
});
