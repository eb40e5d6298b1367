// A copy of a damaged database with all that can be told for certain. The damaged one is never changed.

import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { type ColumnFamily, Database, WriteBatch } from '../../binding/index.js';
import type { Finding } from './findings.js';
import { lackingGroups } from './lacking-groups.js';
import { type Loss, loss } from './losses.js';
import { savedRecords } from './save-family.js';
import type { SavedRecords } from './saved-records.js';
import { type Progress, type Survey, type SurveyOptions, withSurvey } from './survey.js';
import type { SurveyedFamily } from './surveyed-family.js';
import type { Use } from './use-by-records.js';
import { verifyDatabase } from './verification.js';

/** How much is written at once. */
const BATCH_BYTES = 4 * 1024 * 1024;

export interface SavedFamily {
  name: string;
  use: Use;
  records: number;
  /** Of keys and values. */
  bytes: number;
}

/** What has become of a database. docs/damage.md has it as a table. */
export interface Repair {
  /** Whether the copy has all that the damaged one had. */
  complete: boolean;
  /** What the copy has. */
  columnFamilies: SavedFamily[];
  losses: Loss[];
}

/**
 * Makes `to` a copy of the stopped database at `path`, with all of it that can be saved. It is complete, verified and on the
 * disk before it has that name; on its way it is a folder `<to>.<random>.partial`.
 * @throws Error where there is something at `to`, or it is in the folder of the database; where the database cannot be opened
 *   at all; RocksError `LOCKED`, `NOT_FOUND`, and what writing fails with
 */
export async function repairDatabase(path: string, to: string, options: SurveyOptions = {}): Promise<Repair> {
  await refuseTaken(to);
  await refuseInside(path, to);
  return withSurvey(path, options, async (survey) => {
    const partial = `${resolve(to)}.${randomBytes(6).toString('hex')}.partial`;
    await mkdir(partial, { recursive: true });
    try {
      const repair = await save(survey, partial, options.progress);
      await refuseDamaged(partial, options);
      await publish(partial, resolve(to));
      return repair;
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
  });
}

async function refuseTaken(to: string): Promise<void> {
  const isFree = await readdir(to).then(
    (names) => names.length === 0,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
  if (!isFree) throw new Error(`repair to ${to}: there is something already; give a folder that is empty or not there`);
}

/** Nothing may be made in the folder of the database. */
async function refuseInside(path: string, to: string): Promise<void> {
  const folder = await realpath(path).catch(() => undefined);
  if (folder === undefined) return; // opening it tells what is wrong
  const way = relative(folder, await realpathOfNew(resolve(to)));
  if (way === '' || !way.startsWith('..')) {
    throw new Error(`repair to ${to}: that is in the folder of the database; give a folder elsewhere`);
  }
}

async function realpathOfNew(path: string): Promise<string> {
  const known = await realpath(path).catch(() => undefined);
  if (known !== undefined || path === dirname(path)) return known ?? path;
  return resolve(await realpathOfNew(dirname(path)), relative(dirname(path), path));
}

async function save({ opened, findings }: Survey, partial: string, progress: Progress = () => {}): Promise<Repair> {
  if (opened === undefined) throw new Error(`nothing can be saved: ${whyNot(findings)}`);
  const { families } = opened;
  const repair: Repair = { complete: true, columnFamilies: [], losses: [] };
  repair.losses.push(...lostWrites(findings));
  const lacking = lackingGroups(families);
  const total = families.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  await using copy = await Database.open(partial, { columnFamilies: families.map(({ name }) => name) });
  for (const family of families) {
    const { name, use, bytes, source } = family;
    const saved = savedRecords(family, lacking);
    progress(done, total, `saving column family ${name}`);
    const size = await copyRecords(source.rows(), saved, copy.columnFamily(name));
    done += bytes;
    repair.columnFamilies.push({ name, use, ...size });
    repair.losses.push(...saved.losses);
  }
  await copy.flush();
  repair.complete = repair.losses.length === 0;
  return repair;
}

/** Where the database cannot be opened at all. */
function whyNot(findings: readonly Finding[]): string {
  const refusal = findings.find(({ kind }) => kind === 'cannot-open');
  if (refusal !== undefined) return `${refusal.message}. Replace the replica: docs/damage.md says more`;
  const [first] = findings.filter(({ severity }) => severity === 'damage');
  return (
    `${first?.file}: ${first?.message}. Without a list of the files nothing tells whether one is missing, or which values ` +
    'are the latest. Replace the replica: docs/damage.md says more'
  );
}

function lostWrites(findings: readonly Finding[]): Loss[] {
  const isKnown = findings.some(({ kind }) => kind === 'manifest-known');
  return findings.flatMap(({ kind, file = '', parts }) => {
    if (kind === 'manifest-guessed') return [loss('writes-unknown', undefined, { file })];
    // What CURRENT does not lead to any more was found without it.
    const isMadeUpFor = kind === 'current-damaged' || (isKnown && kind === 'manifest-replaced');
    return 'offset' in parts && !isMadeUpFor ? [loss('writes-lost', undefined, { file, ...parts })] : [];
  });
}

async function copyRecords(
  rows: ReturnType<SurveyedFamily['source']['rows']>,
  saved: SavedRecords,
  family: ColumnFamily,
): Promise<{ records: number; bytes: number }> {
  const batch = new WriteBatch();
  const size = { records: 0, bytes: 0 };
  let pending = 0;
  const write = async () => {
    await family.database.write(batch);
    batch.clear();
    pending = 0;
  };
  const put = async (key: Buffer, value: Buffer) => {
    batch.put(family, key, value);
    size.records++;
    size.bytes += key.length + value.length;
    pending += key.length + value.length;
    if (pending >= BATCH_BYTES) await write();
  };
  for await (const row of rows) {
    const value = row.value && saved.valueFor(row.key, row.value);
    if (value !== undefined) await put(row.key, value);
  }
  for (const { key, value } of saved.added) await put(key, value);
  await write();
  return size;
}

/** What is handed over as saved is looked at as anything else is. */
async function refuseDamaged(partial: string, options: SurveyOptions): Promise<void> {
  const { whole, findings } = await verifyDatabase(partial, options);
  if (whole) return;
  const first = findings.find(({ severity }) => severity === 'damage');
  throw new Error(
    `the copy is not whole, which is a fault of repair itself: ${first?.columnFamily}: ${first?.message}`,
  );
}

/** An empty folder gives way. */
async function publish(partial: string, to: string): Promise<void> {
  await rename(partial, to);
  const parent = await open(dirname(to));
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
