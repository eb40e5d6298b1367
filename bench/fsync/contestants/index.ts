// Every contestant that runs in Node, by its name. A process loads only its own.

import type { OpenContestant } from '../../shared/contestant.js';
import { PEERS } from '../../shared/peers/index.js';
import { contestantOf } from '../../shared/peers/peer.js';

export const CONTESTANTS = {
  disk: async (folder) => (await import('./disk.js')).openDisk(folder),
  binding: async (folder) => (await import('./binding.js')).openBinding(folder),
  storage: async (folder) => (await import('./storage.js')).openStorage(folder),
  'storage-without-recycling': async (folder) => (await import('./storage.js')).openStorage(folder, 0),
  'async-storage': async (folder) => (await import('../../shared/async-storage.js')).openAsyncStorage(folder),
  'node-rocksdb': async (folder) => contestantOf(await PEERS['node-rocksdb'](folder)),
  'classic-level': async (folder) => contestantOf(await PEERS['classic-level'](folder)),
  lmdb: async (folder) => contestantOf(await PEERS.lmdb(folder)),
  'better-sqlite3': async (folder) => contestantOf(await PEERS['better-sqlite3'](folder)),
} as const satisfies Record<string, OpenContestant>;

export type NodeContestant = keyof typeof CONTESTANTS;
