// Databases of logs, snapshots and a caller's own records in several files, what the package reads of them, and damage to them.

import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawCodec } from '../../lib/format/index.js';
import { logKey, META_KEYS } from '../../lib/format/log-keys.js';
import { chunkKey, manifestKey } from '../../lib/format/snapshot-keys.js';
import { AsyncRocksdbStorage, Database, RocksdbStorage, WriteBatch } from '../../lib/index.js';
import { SnapshotStore } from '../../lib/snapshots/snapshot-store.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';

export const LOGS = ['log', 'log.other'];
export const SNAPSHOTS = 'snapshots';
/** An entry that {@link damageRecord} may have written. */
export const FAR_ENTRY = 100_000;
export const OWN = 'own';
const FAMILIES = [...LOGS, SNAPSHOTS, OWN];
const CHUNK_BYTES = 700;

type RawLog = RocksdbStorage<Uint8Array, Uint8Array> | AsyncRocksdbStorage<Uint8Array, Uint8Array>;

const rawLog = (db: Database, name: string) =>
  RocksdbStorage.openIn<Uint8Array, Uint8Array>(db, name, { entryCodec: rawCodec, snapshotCodec: rawCodec });

/** Where the records of a database are when it is closed. */
export type Layout = 'most in files' | 'all in files' | 'all in the WAL';

/** A closed database with rounds of all kinds of writes, through either storage. */
export async function makeDatabase(
  path: string,
  random: SeededRandom,
  layout: Layout = 'most in files',
): Promise<void> {
  await using db = await Database.open(path, { columnFamilies: FAMILIES });
  const [blocking = '', promised = ''] = LOGS;
  const options = { entryCodec: rawCodec, snapshotCodec: rawCodec };
  const logs: RawLog[] = [rawLog(db, blocking), await AsyncRocksdbStorage.openIn(db, promised, options)];
  const store = await SnapshotStore.openWithChunksOf(CHUNK_BYTES, db, SNAPSHOTS);
  for (let round = random.within(2, 6); round > 0; round--) {
    for (const log of logs) await writeLog(log, store, random);
    const name = `s${random.within(1, 3)}`;
    await store.put(name, random.within(1, 1000), bytesOf(random, random.within(0, 9000)));
    writeOwn(db, random);
    if (layout === 'all in the WAL') continue;
    if (random.chance(75)) await db.flush();
    if (random.chance(15)) for (const family of FAMILIES) await db.compactRange(db.columnFamily(family));
  }
  if (layout === 'all in files') await db.flush();
}

async function writeLog(log: RawLog, store: SnapshotStore, random: SeededRandom): Promise<void> {
  await log.appendEntries(Array.from({ length: random.within(1, 200) }, () => bytesOf(random, random.within(0, 120))));
  const ballot = { configId: 1, n: random.within(1, 1000), priority: 0, pid: 1 };
  if (random.chance(80)) await log.setPromise(ballot);
  if (random.chance(60)) await log.setAcceptedRound(ballot);
  const { first, next } = await log.getBounds();
  if (random.chance(30)) await log.appendOnPrefix(next - 1, [bytesOf(random, 50)]);
  if (random.chance(70)) await log.setDecidedIdx(random.within(Math.max(first, await log.getDecidedIdx()), next));
  const decided = await log.getDecidedIdx();
  const floor = await log.getCompactedIdx();
  if (decided <= floor || !random.chance(40)) return;
  const idx = random.within(floor, decided);
  if (random.chance(50)) await log.compact(idx, bytesOf(random, 100));
  else await store.compactTo(log, 'state', idx, bytesOf(random, 3000));
}

function writeOwn(db: Database, random: SeededRandom): void {
  const family = db.columnFamily(OWN);
  const batch = new WriteBatch();
  const key = () => Buffer.from(`key ${random.within(0, 2000)}`);
  for (let i = random.within(10, 200); i > 0; i--) {
    if (random.chance(20)) batch.delete(family, key());
    else batch.put(family, key(), bytesOf(random, random.within(0, 200)));
  }
  db.writeSync(batch);
}

export function bytesOf(random: SeededRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.within(0, 255)));
}

/** All that the package reads of a database, as text, by where it is. */
export type Contents = ReadonlyMap<string, string>;

/** @throws what the package throws, where something cannot be read */
export async function contentsOf(path: string): Promise<Contents> {
  await using db = await Database.open(path, { readOnly: true });
  const contents = new Map<string, string>();
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  for (const name of LOGS) {
    const log = rawLog(db, name);
    for (const { index, entry } of log.entries(0)) contents.set(`${name} entry ${index}`, hex(entry));
    const set = (what: string, value: unknown) => {
      if (value !== undefined && value !== 0) contents.set(`${name} ${what}`, JSON.stringify(value));
    };
    set('promise', log.getPromise());
    set('accepted round', log.getAcceptedRound());
    set('decided index', log.getDecidedIdx());
    set('compaction floor', log.getCompactedIdx());
    set('stop-sign', log.getStopsign());
    const snapshot = log.getSnapshot();
    set('snapshot', snapshot && hex(snapshot));
  }
  const store = await SnapshotStore.openIn(db, SNAPSHOTS);
  for (const { name, index } of await store.list()) {
    contents.set(`${SNAPSHOTS} ${name}`, `${index} ${hex((await store.get(name)) as Buffer)}`);
  }
  for await (const { key, value } of db.iterate(db.columnFamily(OWN))) contents.set(`${OWN} ${key}`, hex(value));
  return contents;
}

/** Damages a file of the database, as a disk could; gives what was done. */
export function damageFile(path: string, random: SeededRandom): string {
  const kinds = random.chance(20) ? ['.log', 'MANIFEST-'] : ['.sst'];
  const files = readdirSync(path).filter((name) => kinds.some((kind) => name.includes(kind)));
  if (files.length === 0) return 'nothing: there is no file';
  const name = random.oneOf(files);
  const file = join(path, name);
  const content = readFileSync(file);
  const at = random.within(0, Math.max(0, content.length - 1));
  switch (random.oneOf(['bit', 'bit', 'bit', 'zeros', 'cut', 'missing', 'swapped'] as const)) {
    case 'bit':
      content[at] = (content[at] as number) ^ (1 << random.within(0, 7));
      writeFileSync(file, content);
      return `bit at ${at} of ${name}`;
    case 'zeros':
      content.fill(0, at, Math.min(content.length, at + random.within(1, 3000)));
      writeFileSync(file, content);
      return `zeros at ${at} of ${name}`;
    case 'cut':
      truncateSync(file, at);
      return `${name} cut at ${at}`;
    case 'missing':
      rmSync(file);
      return `${name} missing`;
    case 'swapped': {
      const other = random.oneOf(files);
      writeFileSync(file, readFileSync(join(path, other)));
      return `${other} in the place of ${name}`;
    }
  }
}

/** Writes something that no storage writes; gives what was done. */
export async function damageRecord(path: string, random: SeededRandom): Promise<string> {
  await using db = await Database.open(path);
  const name = random.oneOf(LOGS);
  const log = db.columnFamily(name);
  const store = db.columnFamily(SNAPSHOTS);
  const [first] = db.scanSync(log, { gte: logKey(0), limit: 1 });
  const [manifest] = db.scanSync(store, { gte: Buffer.from('S/'), lt: Buffer.from('S0'), limit: 1 });
  const idx = random.within(1, 60) + Number(first?.key.readBigUInt64BE(2) ?? 0);
  const [chunk] = db.scanSync(store, { gte: chunkKey(random.within(0, 8), 0), lt: Buffer.from('C0'), limit: 1 });
  const damages: [string, WriteBatch][] = [
    [`entry ${idx} of ${name} in version 9`, new WriteBatch().put(log, logKey(idx), Buffer.from([9, 1, 2]))],
    [`entry ${idx} of ${name} empty`, new WriteBatch().put(log, logKey(idx), Buffer.alloc(0))],
    [`entry far behind the end of ${name}`, new WriteBatch().put(log, logKey(FAR_ENTRY), Buffer.from([1, 2]))],
    [`decided index of ${name} cut`, new WriteBatch().put(log, META_KEYS.decidedIdx, Buffer.alloc(5))],
    [`floor of ${name} cut`, new WriteBatch().put(log, META_KEYS.compactedIdx, Buffer.alloc(5))],
    [`promise of ${name} in version 3`, new WriteBatch().put(log, META_KEYS.promise, Buffer.from([3, 0x90]))],
    [`stop-sign of ${name} of no fields`, new WriteBatch().put(log, META_KEYS.stopsign, Buffer.from([1, 0x90]))],
    [`snapshot of ${name} empty`, new WriteBatch().put(log, META_KEYS.snapshot, Buffer.alloc(0))],
    [`a record of nobody's in ${name}`, new WriteBatch().put(log, Buffer.from('M/x'), Buffer.from('x'))],
  ];
  if (chunk !== undefined && manifest !== undefined) {
    const wrong = Buffer.from(chunk.value);
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 4;
    damages.push(
      [`chunk ${chunk.key.toString('hex')} wrong`, new WriteBatch().put(store, chunk.key, wrong)],
      [`chunk ${chunk.key.toString('hex')} missing`, new WriteBatch().delete(store, chunk.key)],
      ['a manifest cut', new WriteBatch().put(store, manifest.key, manifest.value.subarray(0, 8))],
      ['a manifest of nothing', new WriteBatch().put(store, manifestKey('no'), Buffer.from([1, 0, 0, 0, 0, 0x90]))],
    );
  }
  const [what, batch] = random.oneOf(damages);
  db.writeSync(batch);
  if (random.chance(50)) await db.flush();
  return what;
}
