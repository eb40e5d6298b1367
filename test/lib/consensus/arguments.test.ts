import { describe, expect, it } from '@jest/globals';
import { ConsensusError, OmniPaxos } from '../../../lib/consensus/index.js';
import { MemStorage } from '../../../lib/index.js';

const CLUSTER = { configurationId: 1, nodes: [1, 2, 3] };

/** `action` refuses what it is given, in words that hold all of `words`. */
function refuses(action: () => unknown, ...words: string[]): void {
  expect(action).toThrow(ConsensusError);
  for (const word of words) {
    expect(action).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(word) }),
    );
  }
}

describe('build', () => {
  const build = (cluster: object, server: object = { pid: 1 }, options?: object, storage: unknown = new MemStorage()) =>
    OmniPaxos.build(cluster as never, server as never, storage as never, options as never);

  it.each<[object, string, string]>([
    [{ configurationId: 0 }, 'cluster.configurationId', 'from 1'],
    [{ configurationId: 2 ** 32 }, 'cluster.configurationId', '4294967296'],
    [{ nodes: [1] }, 'cluster.nodes', 'two pids'],
    [{ nodes: [1, 1] }, 'cluster.nodes', 'differ'],
    [{ nodes: [1, 0] }, 'cluster.nodes[1]', 'from 1 to 1024'],
    [{ nodes: [1, 1025] }, 'cluster.nodes[1]', '1025'],
    [{ nodes: [1, 2n ** 60n] }, 'cluster.nodes[1]', '1152921504606846976n'],
    [{ nodes: 'all' }, 'cluster.nodes', "'all'"],
    [{ flexibleQuorum: { readQuorumSize: 4, writeQuorumSize: 2 } }, 'readQuorumSize', 'from 2 to 3'],
    [{ flexibleQuorum: { readQuorumSize: 2, writeQuorumSize: 3 } }, 'writeQuorumSize', 'from 2 to 2'],
    [{ node: [] }, 'cluster', 'no other name'],
  ])('refuses the cluster %j', (given, ...words) => {
    refuses(() => build({ ...CLUSTER, ...given }), ...words);
  });

  it('refuses quorums that need not meet', () => {
    const flexibleQuorum = { readQuorumSize: 3, writeQuorumSize: 2 };
    refuses(
      () => build({ configurationId: 1, nodes: [1, 2, 3, 4, 5], flexibleQuorum }),
      'above the number of nodes, 5',
    );
  });

  it.each<[object, string, string]>([
    [{ pid: 4 }, 'server.pid', '1, 2, 3'],
    [{ pid: '1' }, 'server.pid', "'1'"],
    [{ pid: 1, electionTickTimeout: 0 }, 'electionTickTimeout', 'from 1'],
    [{ pid: 1, resendMessageTickTimeout: 1.5 }, 'resendMessageTickTimeout', '1.5'],
    [{ pid: 1, leaderPriority: -1 }, 'leaderPriority', '-1'],
    [{ pid: 1, batchSize: 3 }, 'server', 'no other name'],
  ])('refuses the server %j', (server, ...words) => {
    refuses(() => build(CLUSTER, server), ...words);
  });

  it('refuses options, codecs and storages that are none', () => {
    refuses(() => build(CLUSTER, { pid: 1 }, { codec: 1 }), 'options', 'no other name');
    refuses(() => build(CLUSTER, { pid: 1 }, { entryCodec: {} }), 'options.entryCodec', 'encode and decode');
    refuses(() => build(CLUSTER, { pid: 1 }, {}, { getPromise() {} }), 'storage');
  });

  it('takes pids with gaps, and pids that are bigints', () => {
    expect(build({ configurationId: 1, nodes: [2n, 7] }, { pid: 7 }).decidedIdx).toBe(0);
  });

  it('keeps what it was given as it was', () => {
    const cluster = { configurationId: 1, nodes: [1, 2, 3] };
    const omni = build(cluster);
    cluster.nodes.length = 0;
    omni.reconnected(3);
    refuses(() => omni.reconnected(4), '1, 2, 3');
  });
});

describe('the calls', () => {
  const omni = () => OmniPaxos.build<unknown>(CLUSTER, { pid: 1 }, new MemStorage());

  it.each<[string, (replica: OmniPaxos<unknown>) => void, string]>([
    ['append', (replica) => replica.append(undefined), 'undefined'],
    ['append', (replica) => replica.append(() => {}), 'cannot be encoded'],
    ['handleIncoming', (replica) => replica.handleIncoming('text' as never), 'a Uint8Array'],
    ['reconnected', (replica) => replica.reconnected(9), '9'],
    ['setPriority', (replica) => replica.setPriority(-1), '-1'],
    ['setPriority', (replica) => replica.setPriority(2 ** 32), '4294967296'],
    ['readDecidedSuffix', (replica) => replica.readDecidedSuffix(-1), '-1'],
    ['readEntries', (replica) => replica.readEntries(3, 2), 'from 3'],
    ['readEntries', (replica) => replica.readEntries(0.5, 2), '0.5'],
    ['compact', (replica) => replica.compact(1), 'from 0 to 0'],
    [
      'reconfigure',
      (replica) => replica.reconfigure({ configurationId: 2, nodes: [1, 2] }, 'why' as never),
      "a Uint8Array, not 'why'",
    ],
  ])('%s refuses what it cannot take, and the replica goes on', (_, call, word) => {
    const replica = omni();
    refuses(() => call(replica), word);
    replica.tick();
    expect(replica.acceptedIdx).toBe(0);
  });

  it('give copies: changing them changes nothing', () => {
    const replica = omni();
    replica.tryBecomeLeader();
    (replica.promise as { n: number }).n = 99;
    (replica.currentLeader as { pid: number }).pid = 99;
    expect(replica.promise).toMatchObject({ n: 1, pid: 1 });
    expect(replica.currentLeader).toMatchObject({ pid: 1 });
  });
});
