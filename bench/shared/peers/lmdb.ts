import { findPackage } from './find-package.js';
import type { Peer } from './peer.js';

type Module = typeof import('lmdb');

export async function openLmdb(folder: string): Promise<Peer> {
  const { module, version } = await findPackage<Module>('lmdb');
  const db = module.open<Buffer, Buffer>({ path: folder, encoding: 'binary', keyEncoding: 'binary' });
  return {
    version,
    durability: 'default (overlappingSync): put and transaction resolve after fdatasync',
    blocks: false,
    put: (key, value) => db.put(key, value),
    putAll: (rows) =>
      db.transaction(() => {
        for (const { key, value } of rows) void db.put(key, value);
      }),
    // The space becomes free, so that a later append need not lengthen the file.
    settle: () => db.clearAsync(),
    close: () => db.close(),
  };
}
