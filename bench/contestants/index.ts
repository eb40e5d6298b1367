// Every contestant that runs in Node, by the name that serve.ts is given. A process loads only its own.

import type { OpenContestant } from './contestant.js';

export const CONTESTANTS = {
  storage: async (folder) => (await import('./storage.js')).openStorage(folder),
  'storage-objects': async (folder) => (await import('./storage.js')).openStorageOfObjects(folder),
  'async-storage': async (folder) => (await import('./async-storage.js')).openAsyncStorage(folder),
  'node-rocksdb': async (folder) => (await import('./node-rocksdb.js')).openNodeRocksdb(folder),
  'classic-level': async (folder) => (await import('./classic-level.js')).openClassicLevel(folder),
  lmdb: async (folder) => (await import('./lmdb.js')).openLmdb(folder),
  msgpackr: async (folder) => (await import('./msgpackr.js')).openMsgpackr(folder),
} as const satisfies Record<string, OpenContestant>;

export type NodeContestant = keyof typeof CONTESTANTS;
