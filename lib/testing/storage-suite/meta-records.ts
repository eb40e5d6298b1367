// What is kept beside the log: ballots, indices, stop-sign and snapshot.

import assert from 'node:assert/strict';
import type { Ballot, StopSign } from '../../contract/storage.js';
import type { Contract } from './contract.js';

const MAX_U32 = 2 ** 32 - 1;
const MAX_U64 = 2n ** 64n - 1n;
const INDICES = [0, 1, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];

const ballots: [string, Ballot, Ballot][] = [
  ['of zeros', { configId: 0, n: 0, priority: 0, pid: 0 }, { configId: 0, n: 0, priority: 0, pid: 0 }],
  ['of small numbers', { configId: 1, n: 2, priority: 3, pid: 4 }, { configId: 1, n: 2, priority: 3, pid: 4 }],
  [
    'of the largest u32 and u64',
    { configId: MAX_U32, n: MAX_U32, priority: MAX_U32, pid: MAX_U64 },
    { configId: MAX_U32, n: MAX_U32, priority: MAX_U32, pid: MAX_U64 },
  ],
  [
    'with a pid past 2^32',
    { configId: 1, n: 1, priority: 1, pid: 2 ** 32 + 7 },
    { configId: 1, n: 1, priority: 1, pid: 2 ** 32 + 7 },
  ],
  [
    'with the largest pid that is a number',
    { configId: 1, n: 1, priority: 1, pid: Number.MAX_SAFE_INTEGER },
    { configId: 1, n: 1, priority: 1, pid: Number.MAX_SAFE_INTEGER },
  ],
  [
    'with the smallest pid that is not',
    { configId: 1, n: 1, priority: 1, pid: 2n ** 53n },
    { configId: 1, n: 1, priority: 1, pid: 2n ** 53n },
  ],
  [
    'with a pid past 2^63',
    { configId: 1, n: 1, priority: 1, pid: 2n ** 63n + 1n },
    { configId: 1, n: 1, priority: 1, pid: 2n ** 63n + 1n },
  ],
  [
    'with a bigint pid that a number can hold, which comes back as that number',
    { configId: 1, n: 1, priority: 1, pid: 5n },
    { configId: 1, n: 1, priority: 1, pid: 5 },
  ],
  [
    'with a bigint pid past 2^32 that a number can hold',
    { configId: 1, n: 1, priority: 1, pid: 2n ** 53n - 1n },
    { configId: 1, n: 1, priority: 1, pid: 2 ** 53 - 1 },
  ],
];

const stopsigns: [string, StopSign][] = [
  ['with no optional field', { nextConfig: { configurationId: 2, nodes: [1, 2, 3] } }],
  ['with no nodes', { nextConfig: { configurationId: 0, nodes: [] } }],
  [
    'with every optional field',
    {
      nextConfig: {
        configurationId: MAX_U32,
        nodes: [1, 2 ** 40, 2n ** 60n, MAX_U64],
        flexibleQuorum: { readQuorumSize: 3, writeQuorumSize: 2 },
      },
      metadata: Buffer.of(0, 1, 254, 255),
    },
  ],
  [
    'with a quorum only',
    { nextConfig: { configurationId: 1, nodes: [1], flexibleQuorum: { readQuorumSize: 0, writeQuorumSize: 1 } } },
  ],
  ['with metadata only', { nextConfig: { configurationId: 1, nodes: [1] }, metadata: Buffer.from('why') }],
  ['with metadata of no bytes', { nextConfig: { configurationId: 1, nodes: [1] }, metadata: Buffer.alloc(0) }],
];

export function metaRecords({ describe, it, given }: Contract): void {
  describe('before anything is set', () => {
    it('promise, accepted round, stop-sign and snapshot are undefined', async () => {
      const log = await given();
      assert.equal(await log.getPromise(), undefined);
      assert.equal(await log.getAcceptedRound(), undefined);
      assert.equal(await log.getStopsign(), undefined);
      assert.equal(await log.getSnapshot(), undefined);
    });

    it('decided and compacted index are 0', async () => {
      const log = await given();
      assert.equal(await log.getDecidedIdx(), 0);
      assert.equal(await log.getCompactedIdx(), 0);
    });
  });

  describe('setPromise', () => {
    for (const [which, ballot, read] of ballots) {
      it(`keeps a ballot ${which}`, async () => {
        const log = await given((log) => log.setPromise(ballot));
        assert.deepEqual(await log.getPromise(), read);
        assert.equal(await log.getAcceptedRound(), undefined);
      });
    }

    it('replaces the one before', async () => {
      const log = await given(
        (log) => log.setPromise({ configId: 1, n: 1, priority: 0, pid: 1 }),
        (log) => log.setPromise({ configId: 1, n: 2, priority: 0, pid: 3 }),
      );
      assert.deepEqual(await log.getPromise(), { configId: 1, n: 2, priority: 0, pid: 3 });
    });

    it('keeps the four fields of a ballot and nothing else', async () => {
      const ballot = { configId: 1, n: 2, priority: 3, pid: 4, note: 'mine' };
      const log = await given((log) => log.setPromise(ballot));
      assert.deepEqual(await log.getPromise(), { configId: 1, n: 2, priority: 3, pid: 4 });
    });
  });

  describe('setAcceptedRound', () => {
    for (const [which, ballot, read] of ballots) {
      it(`keeps a ballot ${which}`, async () => {
        const log = await given((log) => log.setAcceptedRound(ballot));
        assert.deepEqual(await log.getAcceptedRound(), read);
        assert.equal(await log.getPromise(), undefined);
      });
    }
  });

  describe('setDecidedIdx', () => {
    for (const idx of INDICES) {
      it(`keeps ${idx}`, async () => {
        const log = await given((log) => log.setDecidedIdx(idx));
        assert.equal(await log.getDecidedIdx(), idx);
        assert.equal(await log.getCompactedIdx(), 0);
      });
    }

    it('may go down again, and past the log', async () => {
      const log = await given(
        (log) => log.setDecidedIdx(100),
        (log) => log.setDecidedIdx(7),
      );
      assert.equal(await log.getDecidedIdx(), 7);
      assert.equal(await log.getLogLen(), 0);
    });
  });

  describe('setCompactedIdx', () => {
    for (const idx of INDICES) {
      it(`keeps ${idx}`, async () => {
        const log = await given((log) => log.setCompactedIdx(idx));
        assert.equal(await log.getCompactedIdx(), idx);
        assert.equal(await log.getDecidedIdx(), 0);
      });
    }
  });

  describe('setStopsign', () => {
    for (const [which, stopsign] of stopsigns) {
      it(`keeps a stop-sign ${which}`, async () => {
        const log = await given((log) => log.setStopsign(stopsign));
        assert.deepEqual(await log.getStopsign(), stopsign);
      });
    }

    it('leaves an absent optional field absent', async () => {
      const log = await given((log) => log.setStopsign({ nextConfig: { configurationId: 2, nodes: [1] } }));
      const stopsign = (await log.getStopsign()) as StopSign;
      assert.deepEqual(stopsign, { nextConfig: { configurationId: 2, nodes: [1] } });
    });

    it('reads a bigint node that a number can hold back as that number', async () => {
      const log = await given((log) => log.setStopsign({ nextConfig: { configurationId: 2, nodes: [1n, 2n ** 53n] } }));
      assert.deepEqual((await log.getStopsign())?.nextConfig.nodes, [1, 2n ** 53n]);
    });

    it('with undefined clears it', async () => {
      const log = await given(
        (log) => log.setStopsign({ nextConfig: { configurationId: 2, nodes: [1] } }),
        (log) => log.setStopsign(undefined),
      );
      assert.equal(await log.getStopsign(), undefined);
    });
  });

  describe('setSnapshot', () => {
    for (const [which, snapshot] of [
      ['an object', { flights: { SEA: 4 }, at: [1, 2] }],
      ['a string', 'all of it'],
      ['null', null],
      ['0', 0],
      ['false', false],
      ['the empty string', ''],
    ] as const) {
      it(`keeps ${which}`, async () => {
        const log = await given((log) => log.setSnapshot(snapshot));
        assert.deepEqual(await log.getSnapshot(), snapshot);
      });
    }

    it('keeps one of many megabytes', async () => {
      const snapshot = 'x'.repeat(9_000_000);
      const log = await given((log) => log.setSnapshot(snapshot));
      assert.equal((await log.getSnapshot()) === snapshot, true);
    });

    it('with undefined clears it', async () => {
      const log = await given(
        (log) => log.setSnapshot('all of it'),
        (log) => log.setSnapshot(undefined),
      );
      assert.equal(await log.getSnapshot(), undefined);
    });
  });
}
