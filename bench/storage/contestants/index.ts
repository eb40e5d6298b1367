// Every contestant that runs in Node, by the name that serve.ts is given. A process loads only its own.

import type { OpenContestant } from '../../shared/contestant.js';
import { PEERS } from '../../shared/peers/index.js';
import { contestantOf } from '../../shared/peers/peer.js';

export const CONTESTANTS = {
  storage: async (folder) => (await import('./storage.js')).openStorage(folder),
  'storage-objects': async (folder) => (await import('./storage.js')).openStorageOfObjects(folder),
  'async-storage': async (folder) => (await import('../../shared/async-storage.js')).openAsyncStorage(folder),
  'async-objects': async (folder) => (await import('./async-objects.js')).openAsyncStorageOfObjects(folder),
  'node-rocksdb': async (folder) => (await import('./node-rocksdb.js')).openReadNodeRocksdb(folder),
  'classic-level': async (folder) => contestantOf(await PEERS['classic-level'](folder)),
  lmdb: async (folder) => contestantOf(await PEERS.lmdb(folder)),
  msgpackr: async (folder) => (await import('./msgpackr.js')).openMsgpackr(folder),
} as const satisfies Record<string, OpenContestant>;

export type NodeContestant = keyof typeof CONTESTANTS;
