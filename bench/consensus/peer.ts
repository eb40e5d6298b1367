// The process of a replica beside that of the leader: `node peer.js PID FOLDER early|held`. It does what peer-process.ts
// asks, one call after the other, and ends with the channel.

import type { PeerAnswer, PeerCall } from './peer-process.js';
import { TcpReplica } from './tcp-replica.js';

const [pid, folder, release] = process.argv.slice(2) as [string, string, string];
const replica = await TcpReplica.open(Number(pid), folder, release === 'early');

process.on('message', async ({ name, argument }: PeerCall) => {
  try {
    const value = await (replica[name] as (argument: unknown) => Promise<unknown>).call(replica, argument);
    answer({ value });
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
  }
});
process.on('disconnect', async () => {
  await replica.stop();
  await replica.close();
});
answer({ value: undefined });

function answer(answer: PeerAnswer): void {
  process.send?.(answer);
}
