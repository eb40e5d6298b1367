// A history that is not linearizable: a read without a barrier from a replica that lags. Whoever checks histories is tried on it.

import type { ReplicatedKv } from '../support/replicated-kv.js';
import { ask, type History, readAt } from './clients.js';

const KEY = 'stale';

/** Ends with the stale read; without it the history is right. The cluster is left with a single replica. */
export async function historyOfStaleRead(cluster: ReplicatedKv): Promise<History> {
  await cluster.fetchUntil(({ status }) => status === 404, 1, 'GET', `/keys/${KEY}`);
  const history: History = [];
  const read = async (pid: number) => history.push({ client: 0, ...(await readAt(cluster, pid, KEY)) });
  /** Until one is acknowledged. */
  const write = async (name: string) => {
    for (let i = 0; ; i++) {
      const operation = await ask(cluster, 1, KEY, { type: 'write', value: `${name} ${i}` });
      if (operation !== undefined) history.push({ client: 0, ...operation });
      if (operation?.end !== undefined) return;
    }
  };
  await write('old');
  await read(3);
  await cluster.end(3, 'SIGKILL');
  await read(1); // the two others have a leader again
  await write('new');
  await Promise.all([1, 2].map((pid) => cluster.end(pid, 'SIGKILL')));

  // Nobody can tell it what it has missed.
  await cluster.start(3);
  await cluster.fetchUntil(({ status }) => status === 200, 3, 'GET', `/keys/${KEY}?stale=true`);
  const stale = await ask(cluster, 3, KEY, { type: 'read' }, '?stale=true');
  if (stale === undefined) throw new Error('the read without a barrier was not answered');
  return [...history, { client: 0, ...stale }];
}
