import { open } from 'lmdb';
import { type Contestant, packageVersion } from './contestant.js';
import { appendWith } from './peer-log.js';

export async function openLmdb(folder: string): Promise<Contestant> {
  const db = open<Buffer, Buffer>({ path: folder, encoding: 'binary', keyEncoding: 'binary' });
  return {
    version: packageVersion('lmdb'),
    durability: 'default (overlappingSync): put resolves after fdatasync',
    works: { append: appendWith((key, value) => db.put(key, value)) },
    // The pages come back to the free list, so that a later append need not lengthen the file.
    settle: () => db.clearAsync(),
    close: () => db.close(),
  };
}
