import { join } from 'node:path';
import { ReplicasOfCounters } from './replicas-of-counters.js';

/** The folder of a replica that has applied some commands, made a snapshot, and was stopped. */
export async function stoppedReplica(): Promise<string> {
  const replicas = await ReplicasOfCounters.three({ snapshotEveryEntries: 20, keepEntries: 3 });
  try {
    const leader = await replicas.leader();
    for (let i = 0; i < 50; i++) await replicas.at(leader).propose({ key: 'x', add: 1 });
    await replicas.settled();
  } finally {
    await replicas.stop();
  }
  return join(replicas.folder, 'replica-2');
}
