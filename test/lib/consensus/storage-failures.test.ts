import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConsensusError, OmniPaxos } from '../../../lib/consensus/index.js';
import { MemStorage, type Storage } from '../../../lib/index.js';
import { DISKS, Replicas } from '../../support/replicas.js';

/** `storage`, whose method `name` throws when `fails` says so. */
function failing(storage: Storage<string>, name: keyof Storage<string>, fails: () => boolean): Storage<string> {
  return new Proxy(storage, {
    get(target, property) {
      const method = Reflect.get(target, property, target) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (property === name && fails()) throw new Error('the disk is gone');
        return method.apply(target, args);
      };
    },
  });
}

const storageFailed = expect.objectContaining({
  code: 'STORAGE_FAILED',
  message: expect.stringContaining('the disk is gone'),
  cause: expect.objectContaining({ message: 'the disk is gone' }),
});

describe.each(DISKS)('a write that fails ($name)', ({ disk }) => {
  it('leaves the storage as it was, shows nothing of its step, and ends the replica', async () => {
    // Whichever write of a busy replica it is: votes, appends, syncs, stop-signs.
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 24 }), async (failingWrite) => {
        let left = failingWrite;
        let failed = false;
        const replicas = await Replicas.of(disk, 3, {
          wrap: (storage, pid) => {
            return pid === 3 ? failing(storage, 'writeAtomically', () => --left < 0) : storage;
          },
        });
        const omni = replicas.omni(3);
        const attempt = (work: () => void) => {
          const before = [omni.decidedIdx, omni.acceptedIdx, omni.promise];
          try {
            work();
          } catch (error) {
            expect(error).toEqual(storageFailed);
            failed = true;
            expect(omni.outgoingMessages()).toEqual([]);
            // What it was in the middle of may be several calls behind `before`, never past the storage.
            const { storage } = replicas.replica(3);
            expect(omni.promise).toEqual(storage.getPromise() ?? before[2]);
            expect(omni.acceptedIdx).toBe(storage.getCompactedIdx() + storage.getLogLen());
            expect(() => omni.tick()).toThrow(storageFailed);
            expect(() => omni.append('more')).toThrow(storageFailed);
          }
        };
        for (let round = 0; round < 60 && !failed; round++) {
          attempt(() => replicas.tick());
          if (!failed && round > 8) attempt(() => replicas.propose((round % 3) + 1, `word ${round}`).settle());
          if (!failed && round === 20) attempt(() => replicas.at(3, (replica) => replica.tryBecomeLeader()).settle());
        }
        expect(failed).toBe(true);
        // On the same storage it takes part again, and nothing that was decided is lost.
        const place = replicas.stop(3);
        const leader = replicas.elect();
        await replicas.start(3, place);
        replicas.elect();
        replicas.propose(leader, 'behind').settle().tick(30);
        expect(replicas.decided(3)).toEqual(replicas.decided(leader));
        expect(replicas.decided(3)).toContain('behind');
      }),
      { numRuns: 6 },
    );
  });
});

describe('a read that fails', () => {
  const cluster = { configurationId: 1, nodes: [1, 2] };

  it('in the middle of a step ends the replica by the failure of the storage', () => {
    let broken = false;
    const stored = new MemStorage<string>();
    stored.writeAtomically([
      { type: 'setPromise', ballot: { configId: 1, n: 1, priority: 0, pid: 2 } },
      { type: 'setAcceptedRound', ballot: { configId: 1, n: 1, priority: 0, pid: 2 } },
      { type: 'appendEntries', entries: ['a', 'b'] },
    ]);
    const first = OmniPaxos.build(
      cluster,
      { pid: 1 },
      failing(stored, 'getEntries', () => broken),
    );
    const second = OmniPaxos.build(cluster, { pid: 2 }, new MemStorage<string>());
    first.outgoingMessages();
    second.tryBecomeLeader();
    broken = true;
    const prepare = second.outgoingMessages().find(({ bytes }) => bytes[1] === 4)?.bytes as Uint8Array;
    expect(() => first.handleIncoming(prepare)).toThrow(storageFailed); // what the leader lacks cannot be read
    expect(() => first.tick()).toThrow(storageFailed);
    expect(first.outgoingMessages()).toEqual([]);
    expect(stored.getPromise()).toMatchObject({ n: 1 });
  });

  it('at the start says what is wrong', () => {
    const storage = failing(new MemStorage<string>(), 'getPromise', () => true);
    expect(() => OmniPaxos.build(cluster, { pid: 1 }, storage)).toThrow(storageFailed);
  });
});

describe('a storage that no replica of the cluster has written', () => {
  it.each<[string, (storage: Storage<string>) => void, string]>([
    [
      'a promise of another configuration',
      (storage) => storage.setPromise({ configId: 7, n: 1, priority: 0, pid: 1 }),
      'configuration 7',
    ],
    [
      'a promise to one who is no member',
      (storage) => storage.setPromise({ configId: 1, n: 1, priority: 0, pid: 2n ** 64n - 1n }),
      'no member',
    ],
    ['more decided than there is', (storage) => storage.setDecidedIdx(5), '5 decided'],
  ])('is refused: %s', (_, prepare, reason) => {
    const storage = new MemStorage<string>();
    prepare(storage);
    expect(() => OmniPaxos.build({ configurationId: 1, nodes: [1, 2] }, { pid: 1 }, storage)).toThrow(
      expect.objectContaining({ code: 'ENGINE_FAILED', message: expect.stringContaining(reason) }),
    );
  });

  it('compacted past what is decided ends the replica', () => {
    const storage = new MemStorage<string>();
    const omni = OmniPaxos.build({ configurationId: 1, nodes: [1, 2] }, { pid: 1 }, storage);
    storage.setCompactedIdx(3);
    expect(() => omni.tick()).toThrow(expect.objectContaining({ code: 'ENGINE_FAILED' }));
    expect(() => omni.append('more')).toThrow(ConsensusError);
  });
});

describe('a storage or codec that calls the replica that is using it', () => {
  it('is refused, and the replica ends where its write was in the middle', () => {
    const stored = new MemStorage<string>();
    let inside: OmniPaxos<string> | undefined;
    const reentrant = failing(stored, 'writeAtomically', () => {
      inside?.append('once more');
      return false;
    });
    const omni = OmniPaxos.build({ configurationId: 1, nodes: [1, 2] }, { pid: 1 }, reentrant);
    inside = omni;
    expect(() => omni.tryBecomeLeader()).toThrow(
      expect.objectContaining({
        code: 'STORAGE_FAILED',
        message: expect.stringContaining('must not call the replica'),
      }),
    );
  });
});
