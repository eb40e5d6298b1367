import { findPackage } from './find-package.js';
import type { Peer } from './peer.js';

type Module = typeof import('classic-level');

export async function openClassicLevel(folder: string): Promise<Peer> {
  const { module, version } = await findPackage<Module>('classic-level');
  const db = new module.ClassicLevel<Buffer, Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await db.open();
  const sync = { sync: true };
  return {
    version,
    durability: 'put and batch with sync: true',
    blocks: false,
    put: (key, value) => db.put(key, value, sync),
    putAll: (rows) =>
      db.batch(
        rows.map(({ key, value }) => ({ type: 'put', key, value })),
        sync,
      ),
    async settle() {}, // LevelDB does not tell what it does in the background
    close: () => db.close(),
  };
}
