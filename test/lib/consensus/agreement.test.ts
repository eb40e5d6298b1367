import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StopSign } from '../../../lib/index.js';
import { DISKS, Replicas } from '../../support/replicas.js';

const words = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `word ${from + i}`);

describe.each(DISKS)('append ($name)', ({ disk }) => {
  it('decides what was proposed and nothing else, once, in one order everywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 20 }), async (proposers) => {
        const replicas = await Replicas.of(disk);
        replicas.elect();
        for (const [i, pid] of proposers.entries()) {
          replicas.propose(pid, `word ${i}`);
          if (i % 3 === 0) replicas.settle();
        }
        replicas.settle();
        const [first, ...others] = replicas.pids.map((pid) => replicas.decided(pid));
        expect([...(first as string[])].sort()).toEqual(words(proposers.length).sort());
        for (const other of others) expect(other).toEqual(first);
      }),
      { numRuns: 8 },
    );
  });

  it('keeps what is proposed while no leader is known, and decides it later', async () => {
    const replicas = await Replicas.of(disk);
    replicas.propose(1, 'early');
    expect(replicas.omni(1).acceptedIdx).toBe(0);
    replicas.elect();
    replicas.tick();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['early']);
  });

  it('at a follower is forwarded to the leader', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.sent = [];
    const follower = replicas.other(leader);
    replicas.propose(follower, 'from afar');
    expect(replicas.sent).toMatchObject([{ from: follower, to: leader, kind: 'proposalForward' }]);
    replicas.settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(['from afar']);
  });

  it('of many before a message arrives decides them all, in their order', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.propose(leader, ...words(50));
    expect(replicas.omni(leader).acceptedIdx).toBe(50);
    expect(replicas.omni(leader).decidedIdx).toBe(0);
    replicas.settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid)).toEqual(words(50));
  });

  it('is not decided without a majority', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    for (const pid of replicas.pids) if (pid !== leader) replicas.isolate(pid);
    replicas.propose(leader, 'alone').settle();
    replicas.tick(3);
    expect(replicas.omni(leader).acceptedIdx).toBe(1);
    expect(replicas.omni(leader).decidedIdx).toBe(0);
  });
});

describe.each(DISKS)('the reads ($name)', ({ disk }) => {
  const stopsign: StopSign = { nextConfig: { configurationId: 2, nodes: [1, 2, 3] } };

  /** Entries 0 to 4 decided, 5 and 6 not. */
  async function leaderWithLog() {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.propose(leader, ...words(5)).settle();
    for (const pid of replicas.pids) if (pid !== leader) replicas.isolate(pid);
    replicas.propose(leader, ...words(2, 5));
    return replicas.omni(leader);
  }
  const decided = (i: number) => ({ type: 'decided', entry: `word ${i}` });
  const undecided = (i: number) => ({ type: 'undecided', entry: `word ${i}` });

  it('tell what is decided from what is not', async () => {
    const omni = await leaderWithLog();
    expect(omni.readEntries(3, 7)).toEqual([decided(3), decided(4), undecided(5), undecided(6)]);
    expect(omni.readEntries(2, 2)).toEqual([]);
    expect(omni.readDecidedSuffix(3)).toEqual([decided(3), decided(4)]);
  });

  it('give undefined where the log does not reach so far', async () => {
    const omni = await leaderWithLog();
    expect(omni.readEntries(0, 8)).toBeUndefined();
    expect(omni.readDecidedSuffix(5)).toBeUndefined();
    expect(omni.readDecidedSuffix(100)).toBeUndefined();
  });

  it('show what was compacted as one item, up to the floor', async () => {
    const omni = await leaderWithLog();
    omni.compact(2, 'state at 2');
    expect(omni.compactedIdx).toBe(2);
    const trimmed = { type: 'trimmed', idx: 2 };
    expect(omni.readEntries(0, 4)).toEqual([trimmed, decided(2), decided(3)]);
    expect(omni.readEntries(0, 1)).toEqual([trimmed]);
    expect(omni.readEntries(2, 3)).toEqual([decided(2)]);
    expect(omni.readDecidedSuffix(1)).toEqual([trimmed, decided(2), decided(3), decided(4)]);
  });

  it('show the stop-sign as the last item, and whether it is decided', async () => {
    const omni = await leaderWithLog();
    omni.reconfigure(stopsign.nextConfig);
    expect(omni.readEntries(6, 8)).toEqual([undecided(6), { type: 'stopsign', stopsign, decided: false }]);
    expect(omni.readEntries(7, 8)).toEqual([{ type: 'stopsign', stopsign, decided: false }]);
    expect(omni.isReconfigured()).toBeUndefined();
  });
});

describe.each(DISKS)('compact ($name)', ({ disk }) => {
  it('moves the floor here alone, time and again, and the log goes on', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    const follower = replicas.other(leader);
    replicas.propose(leader, ...words(10)).settle();
    for (const floor of [4, 7]) {
      replicas.omni(follower).compact(floor, `state at ${floor}`);
      expect(replicas.omni(follower).compactedIdx).toBe(floor);
      expect(replicas.decided(follower)).toEqual(words(10 - floor, floor));
      expect(replicas.replica(follower).storage.getSnapshot()).toBe(`state at ${floor}`);
      expect(replicas.omni(leader).compactedIdx).toBe(0);
    }
    replicas.propose(leader, 'word 10').settle();
    expect(replicas.decided(follower)).toEqual(words(4, 7));
    await replicas.restart(follower);
    expect(replicas.omni(follower).compactedIdx).toBe(7);
    expect(replicas.decided(follower)).toEqual(words(4, 7));
  });

  it('refuses what is below the floor or not decided, and changes nothing', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.propose(leader, ...words(3)).settle();
    replicas.omni(leader).compact(2, 'state');
    for (const idx of [1, 4, 2.5]) {
      expect(() => replicas.omni(leader).compact(idx, 'other')).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('from 2 to 3') }),
      );
    }
    expect(replicas.replica(leader).storage.getSnapshot()).toBe('state');
    replicas.propose(leader, 'on').settle();
    expect(replicas.decided(leader)).toEqual(['word 2', 'on']);
  });

  it('is learnt from the storage as well, where another has moved the floor', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.propose(leader, ...words(3)).settle();
    replicas.replica(leader).storage.compact(2);
    replicas.tick();
    expect(replicas.omni(leader).compactedIdx).toBe(2);
    replicas.propose(leader, 'on').settle();
    for (const pid of replicas.pids) expect(replicas.decided(pid).slice(-2)).toEqual(['word 2', 'on']);
  });

  it('lets nobody take the memory of all messages away with one of them', async () => {
    const replicas = await Replicas.of(disk);
    const leader = replicas.elect();
    replicas.omni(leader).append('word');
    const messages = replicas.omni(leader).outgoingMessages();
    expect(messages.length).toBeGreaterThan(1);
    for (const { bytes } of messages) {
      const { port1, port2 } = new MessageChannel();
      try {
        port1.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
      } catch {
        // Newer versions of Node refuse it, older ones copy.
      }
      port1.close();
      port2.close();
      expect(bytes.byteLength).toBeGreaterThan(0);
    }
  });
});
