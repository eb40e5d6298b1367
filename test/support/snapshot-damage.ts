// What a disk may do to the snapshot of a stopped replica.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { coreOf } from '../../binding/database.js';
import { Database, WriteBatch } from '../../binding/index.js';
import { chunkKey, manifestKey } from '../../lib/format/snapshot-keys.js';
import { chunkCount, decodeManifest } from '../../lib/format/snapshot-records.js';
import { SNAPSHOTS } from '../../lib/replica/replica-disk.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { flip } from './damage-files.js';

export const DAMAGES = [
  'a bit of a chunk',
  'a missing chunk',
  'a bit of its manifest',
  'a missing manifest',
  'nothing of it left',
] as const;
export type Damage = (typeof DAMAGES)[number];

/** The database of the replica must be closed. Gives the index of the snapshot. */
export async function damageSnapshot(path: string, damage: Damage, random: SeededRandom): Promise<number> {
  await using database = await Database.open(path);
  return await damageSnapshotIn(database, damage, random);
}

/** {@link damageSnapshot} in a database that is open. */
export async function damageSnapshotIn(database: Database, damage: Damage, random: SeededRandom): Promise<number> {
  const family = database.columnFamily(SNAPSHOTS);
  const key = manifestKey('default');
  const found = (await database.get(family, key)) as Buffer;
  const manifest = decodeManifest(key, found);
  const chunk = chunkKey(manifest.id, random.within(0, chunkCount(manifest) - 1));
  const batch = new WriteBatch();
  const flipped = async (record: Buffer) => {
    const value = (await database.get(family, record)) as Buffer;
    const at = random.within(0, value.length - 1);
    value[at] = (value[at] as number) ^ (1 << random.within(0, 7));
    batch.put(family, record, value);
  };
  if (damage === 'a bit of a chunk') await flipped(chunk);
  else if (damage === 'a missing chunk') batch.delete(family, chunk);
  else if (damage === 'a bit of its manifest') await flipped(key);
  else if (damage === 'a missing manifest') batch.delete(family, key);
  else for await (const row of database.iterate(family)) batch.delete(family, row.key);
  await database.write(batch, { sync: true });
  return manifest.index;
}

/** A bit of one of its chunks, in the file: what RocksDB finds, and any time that it rewrites the file. */
export async function damageSnapshotFile(path: string, random: SeededRandom): Promise<void> {
  const names: string[] = [];
  {
    await using database = await Database.open(path);
    await database.flush();
    const files = coreOf(database).sstFiles();
    names.push(...files.flatMap(({ columnFamily, name }) => (columnFamily === SNAPSHOTS ? [name] : [])));
  }
  const file = join(path, names.at(-1) as string);
  flip(file, random.within(0, Math.floor(statSync(file).size * 0.95))); // the index of the file lies behind
}
