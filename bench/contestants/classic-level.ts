import { ClassicLevel } from 'classic-level';
import { type Contestant, packageVersion } from './contestant.js';
import { appendWith } from './peer-log.js';

export async function openClassicLevel(folder: string): Promise<Contestant> {
  const db = new ClassicLevel<Buffer, Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await db.open();
  const sync = { sync: true };
  return {
    version: packageVersion('classic-level'),
    durability: 'put with sync: true',
    works: { append: appendWith((key, value) => db.put(key, value, sync)) },
    async settle() {}, // LevelDB does not tell what it does in the background
    close: () => db.close(),
  };
}
