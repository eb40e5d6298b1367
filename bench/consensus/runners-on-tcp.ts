// Three replicas in three processes on this machine, each with a database of its own. This is the leader's.

import { join } from 'node:path';
import type { Contestant, Numbers } from '../shared/contestant.js';
import { ownHello, withFsyncs } from '../shared/own-database.js';
import type { Sample } from '../shared/protocol.js';
import { PeerProcess } from './peer-process.js';
import { proposeTo, waitUntil } from './proposing.js';
import { type ReplicaControl, TcpReplica } from './tcp-replica.js';

const OWN_PID = 1;

export async function openRunnersOnTcp(folder: string, earlyRelease = true): Promise<Contestant> {
  const [own, ...peers] = await Promise.all([
    // Where the runner of the benchmark looks for WALs that come round again.
    TcpReplica.open(OWN_PID, join(folder, 'db'), earlyRelease),
    PeerProcess.start(2, join(folder, 'db-2'), earlyRelease),
    PeerProcess.start(3, join(folder, 'db-3'), earlyRelease),
  ]);
  const all: readonly ReplicaControl[] = [own, ...peers];
  return {
    version: `${ownHello.version}, replicas on disk, over TCP`,
    durability: 'every entry, on each replica, in a process of its own',
    works: {
      /** As in one process, they live for one turn. */
      async append(numbers: Numbers): Promise<Sample> {
        const endpoints = await Promise.all(all.map((replica) => replica.listen()));
        await Promise.all(all.map((replica) => replica.start(endpoints)));
        try {
          const epoch = await lead(own, peers);
          const sample = await withFsyncs(own.database, () => proposeTo(own.runner, numbers));
          return { ...sample, leaderChanges: epochOf(own) === epoch ? 0 : 1 };
        } finally {
          await Promise.all(all.map((replica) => replica.stop()));
        }
      },
    },
    async settle() {
      // Past the lowest, that replica could never catch up.
      const decided = Math.min(...(await Promise.all(all.map((replica) => replica.decidedIdx()))));
      await Promise.all(all.map((replica) => replica.compact(decided)));
    },
    async fill() {
      await Promise.all(all.map((replica) => replica.fill()));
    },
    async close() {
      await Promise.all([own.close(), ...peers.map((peer) => peer.close())]);
    },
  };
}

/** Has `own` lead, and gives the epoch once all have heard of it. */
function lead(own: TcpReplica, peers: readonly PeerProcess[]): Promise<bigint> {
  return waitUntil(async () => {
    const leaders = await Promise.all([own, ...peers].map((replica) => replica.leader()));
    if (leaders.every((leader) => leader === OWN_PID)) return epochOf(own);
    // Once they have one, so that an election is not disturbed.
    if (leaders[0] !== undefined && leaders[0] !== OWN_PID) own.runner.tryBecomeLeader();
    return undefined;
  }, 'the replica that proposes does not come to lead');
}

function epochOf({ runner: { leadership } }: TcpReplica): bigint | undefined {
  return leadership.role === 'leader' ? leadership.epoch : undefined;
}
