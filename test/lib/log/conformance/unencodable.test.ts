import { describe, expect, it } from '@jest/globals';
import type { Codec } from '../../../../lib/contract/codec.js';
import { msgpackCodec, type StorageOp } from '../../../../lib/index.js';
import { observe } from '../../../../lib/testing/storage-suite/observe.js';
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

describe.each(STORAGES)('$name', ({ givenWith }) => {
  describe('writeAtomically', () => {
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
