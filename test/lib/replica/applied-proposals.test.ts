import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppliedProposals } from '../../../lib/replica/applied-proposals.js';
import { firstConfiguration } from '../../../lib/replica/configurations.js';
import { decodeEnvelope, encodeEnvelope, HEAD_BYTES } from '../../../lib/replica/envelope.js';
import { decodeState, encodeState } from '../../../lib/replica/state.js';

const replicaId = fc.constantFrom('00000000000000aa', 'ffffffffffffffff');
const incarnation = fc.integer({ min: 1, max: 4 });
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

/** What a log may hold: proposals of some lives of some replicas, again and again, each beside some that had settled. */
const log = fc.array(
  fc.record({
    replicaId,
    incarnation,
    counter: fc.integer({ min: 0, max: 12 }),
    settled: fc.integer({ min: 0, max: 12 }),
  }),
  { maxLength: 60 },
);

describe('AppliedProposals', () => {
  it('admits each proposal once, and none that a later life or a settled counter has left behind', () => {
    fc.assert(
      fc.property(log, (entries) => {
        const proposals = new AppliedProposals();
        const admitted = new Set<string>();
        const lives = new Map<string, { incarnation: number; settledBelow: number }>();
        for (const { counter, settled, ...proposer } of entries) {
          const settledBelow = Math.min(settled, counter);
          const life = lives.get(proposer.replicaId) ?? { incarnation: 0, settledBelow: 0 };
          const current = proposer.incarnation > life.incarnation ? { ...proposer, settledBelow: 0 } : life;
          const name = `${proposer.replicaId} ${proposer.incarnation} ${counter}`;
          const isOld = proposer.incarnation < current.incarnation || counter < current.settledBelow;
          expect(proposals.admits(proposer, counter, settledBelow)).toBe(!isOld && !admitted.has(name));
          if (!isOld) admitted.add(name);
          if (proposer.incarnation === current.incarnation) {
            lives.set(proposer.replicaId, {
              incarnation: current.incarnation,
              settledBelow: Math.max(current.settledBelow, settledBelow),
            });
          }
        }
      }),
    );
  });

  it('answers the same once it was stored, wherever in the log that was', () => {
    fc.assert(
      fc.property(log, fc.nat(60), (entries, at) => {
        let proposals = new AppliedProposals();
        const plain = new AppliedProposals();
        entries.forEach(({ counter, settled, ...proposer }, i) => {
          if (i === at) proposals = AppliedProposals.from(JSON.parse(JSON.stringify(proposals.toStored())));
          const settledBelow = Math.min(settled, counter);
          expect(proposals.admits(proposer, counter, settledBelow)).toBe(plain.admits(proposer, counter, settledBelow));
        });
        expect(proposals.toStored()).toEqual(plain.toStored());
      }),
    );
  });

  it('keeps no more than what is under way, also behind a jump', () => {
    const proposals = new AppliedProposals();
    const proposer = { replicaId: '00000000000000aa', incarnation: 1 };
    for (let counter = 0; counter < 10_000; counter++) proposals.admits(proposer, counter, Math.max(0, counter - 10));
    expect(proposals.toStored()[0]?.[3]).toHaveLength(11);
    proposals.admits(proposer, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    expect(proposals.toStored()).toEqual([[proposer.replicaId, 1, Number.MAX_SAFE_INTEGER, [Number.MAX_SAFE_INTEGER]]]);
  });

  it.each([[{}], [[1]], [[['a', -1, 0, []]]], [[['a', 1, 0, [0.5]]]]])('refuses to be made of %j', (stored) => {
    expect(() => AppliedProposals.from(stored)).toThrow(TypeError);
  });
});

describe('an envelope', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(
        replicaId,
        incarnation,
        count,
        count,
        fc.option(fc.uint8Array(), { nil: undefined }),
        (id, life, counter, settledBelow, bytes) => {
          const proposer = { replicaId: id, incarnation: life };
          const command = bytes && Buffer.from(bytes);
          const decoded = decodeEnvelope(encodeEnvelope(proposer, counter, settledBelow, command));
          expect(decoded).toEqual({ proposer, counter, settledBelow, command });
        },
      ),
    );
  });

  it('is refused where it is cut, of another version or kind', () => {
    const bytes = encodeEnvelope({ replicaId: '00000000000000aa', incarnation: 1 }, 1, 1);
    expect(() => decodeEnvelope(bytes.subarray(0, HEAD_BYTES - 1))).toThrow(RangeError);
    for (const at of [0, 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = 9;
      expect(() => decodeEnvelope(changed)).toThrow(RangeError);
    }
  });
});

describe('the state of a replica', () => {
  const configuration = firstConfiguration(
    1,
    [1, 2].map((pid) => ({ pid, endpoint: `replica-${pid}:1` })),
  );

  it('comes back from pieces of any size, and is refused where it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        log,
        async (own, size, entries) => {
          const proposals = new AppliedProposals();
          for (const { counter, ...proposer } of entries) proposals.admits(proposer, counter, 0);
          const bytes = Buffer.concat(await all(encodeState({ index: 7, configuration, proposals }, own)));
          const decoded = await decodeState(inPieces(bytes, size));
          expect(decoded).toMatchObject({ index: 7, configuration });
          expect(decoded.proposals.toStored()).toEqual(proposals.toStored());
          expect(Buffer.concat(await all(decoded.state))).toEqual(Buffer.from(own));
          await expect(decodeState(inPieces(bytes.subarray(0, 3), size))).rejects.toThrow('it ends after 3 bytes of 4');
          await expect(decodeState(inPieces(bytes.subarray(0, 20), size))).rejects.toThrow('it ends after');
        },
      ),
      { numRuns: 30 },
    );
  });
});

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const taken: Uint8Array[] = [];
  for await (const piece of pieces) taken.push(piece);
  return taken;
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
