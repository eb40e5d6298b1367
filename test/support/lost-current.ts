// A CURRENT that leads to no MANIFEST, and MANIFESTs that were not in use beside the one that was.

import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Database } from '../../lib/index.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { recordsOf } from '../damage/physical-records.js';
import { bytesOf } from './damaged-databases.js';

/** The name of the MANIFEST that CURRENT names. */
export function manifestOf(path: string): string {
  return readFileSync(join(path, 'CURRENT'), 'utf8').trim();
}

/** Gives what was done. */
export function loseCurrent(path: string, random: SeededRandom): string {
  const file = join(path, 'CURRENT');
  const content = readFileSync(file);
  const put = (what: string, now: Uint8Array | string) => {
    writeFileSync(file, now);
    return `${what}: ${JSON.stringify(Buffer.from(now).toString('latin1'))}`;
  };
  switch (random.oneOf(['gone', 'cut', 'garbage', 'zeros', 'digit', 'other'] as const)) {
    case 'gone':
      rmSync(file);
      return 'gone';
    case 'cut':
      return put('cut', content.subarray(0, random.within(0, content.length - 1)));
    case 'garbage':
      return put('garbage', bytesOf(random, random.within(1, 40)));
    case 'zeros':
      return put('zeros', Buffer.alloc(content.length));
    case 'digit':
      return put('another number', 'MANIFEST-009999\n');
    case 'other':
      return put('another file', random.oneOf(['LOG\n', '../db/CURRENT\n', 'MANIFEST-\n', '\n']));
  }
}

/** The database was opened once more, and the MANIFEST that was in use before is still there. Gives its name. */
export async function reopenBesideOldManifest(path: string): Promise<string> {
  const name = manifestOf(path);
  const content = readFileSync(join(path, name));
  await (await Database.open(path)).close();
  writeFileSync(join(path, name), content);
  return name;
}

/** The power failed while a newer MANIFEST was being made. Gives its name; nothing where there would be none. */
export async function addUnfinishedManifest(path: string, random: SeededRandom): Promise<string | undefined> {
  const next = `${path}.opened`;
  cpSync(path, next, { recursive: true });
  await (await Database.open(next)).close();
  const name = manifestOf(next);
  const content = readFileSync(join(next, name));
  rmSync(next, { recursive: true });
  if (existsSync(join(path, name))) return undefined;
  const end = recordsOf(content, name).find(({ start, end }) => hasNextFile(content.subarray(start + 7, end)))?.end;
  if (end === undefined) throw new Error(`${basename(path)}: no record of ${name} has the next file number`);
  writeFileSync(join(path, name), content);
  truncateSync(join(path, name), random.within(0, end - 1));
  return name;
}

/** Whether a record of a MANIFEST tells the next file number: the first of its fields may be others. */
function hasNextFile(record: Buffer): boolean {
  const [COMPARATOR, LOG_NUMBER, NEXT_FILE_NUMBER, PREVIOUS_LOG_NUMBER] = [1, 2, 3, 9];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = record[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < record.length) {
    const field = varint();
    if (field === NEXT_FILE_NUMBER) return true;
    if (field === COMPARATOR) at += varint();
    else if (field === LOG_NUMBER || field === PREVIOUS_LOG_NUMBER) varint();
    else return false;
  }
  return false;
}

/** The MANIFESTs in a folder, oldest first. */
export function manifestsIn(path: string): string[] {
  return readdirSync(path)
    .filter((name) => name.startsWith('MANIFEST-'))
    .sort();
}
