// Every peer by the name that its users know it by. A process loads only its own.

import type { Peer } from './peer.js';

export const PEERS = {
  'node-rocksdb': async (folder) => (await import('./node-rocksdb.js')).openNodeRocksdb(folder),
  'classic-level': async (folder) => (await import('./classic-level.js')).openClassicLevel(folder),
  lmdb: async (folder) => (await import('./lmdb.js')).openLmdb(folder),
  'better-sqlite3': async (folder) => (await import('./better-sqlite3.js')).openBetterSqlite3(folder),
} as const satisfies Record<string, (folder: string) => Promise<Peer>>;

export type PeerName = keyof typeof PEERS;
export const PEER_NAMES = Object.keys(PEERS) as PeerName[];
