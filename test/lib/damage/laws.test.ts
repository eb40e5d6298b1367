// What verify and repair promise, for databases and damage by chance. A failure names its seed: DAMAGE_SEED=n runs that alone.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Part } from '../../../lib/damage/findings.js';
import { type Repair, repairDatabase } from '../../../lib/damage/repair.js';
import { verifyDatabase } from '../../../lib/damage/verification.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import {
  type Contents,
  contentsOf,
  damageFile,
  damageRecord,
  FAR_ENTRY,
  makeDatabase,
  SNAPSHOTS,
} from '../../support/damaged-databases.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const { DAMAGE_SEED: given, DAMAGE_DATABASES: count = 4 } = process.env;
const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
const DATABASES = given === undefined ? Number(count) : 1;
const DAMAGES = 6;

const isIndex = (name: string) => /(decided index|compaction floor)$/.test(name);

/** A key as it is shown in messages. */
function keyOf(shown: Part | undefined): Buffer {
  const text = String(shown);
  return text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(JSON.parse(text) as string, 'latin1');
}

/** Whether the list of losses has the place in it that the copy lacks. */
function isTold(place: string, { losses }: Repair): boolean {
  const [, family = '', what = ''] = /^(\S+) (.*)$/s.exec(place) ?? [];
  return losses.some(({ kind, columnFamily, parts }) => {
    const { from, to, what: meta, name } = parts;
    if (columnFamily !== family) return false;
    switch (kind) {
      case 'log-lost':
        return true;
      case 'entries-lost':
      case 'entries-left-out': {
        const idx = Number(what.replace('entry ', ''));
        return idx >= Number(from) && (to === 'the end' || idx <= Number(to));
      }
      case 'meta-lost':
      case 'meta-replaced':
        return meta === what;
      case 'snapshot-lost':
        return name === JSON.stringify(what);
      case 'records-lost':
      case 'records-unknown': {
        const key = Buffer.from(family === SNAPSHOTS ? `S/${what}` : what, 'latin1');
        const end = key.compare(keyOf(to));
        return key.compare(keyOf(from)) >= 0 && (kind === 'records-lost' ? end <= 0 : end < 0);
      }
      default:
        return false;
    }
  });
}

/** That what is in the copy was in the original, and what is not is told. */
function expectSaved(copy: Contents, original: Contents, repair: Repair, context: unknown): void {
  if (repair.losses.some(({ kind }) => kind === 'writes-lost')) return; // then it is as it was some time before
  for (const [place, value] of copy) {
    const isReplaced = isIndex(place) && isTold(place, repair);
    const isOfDamage = place.endsWith(` entry ${FAR_ENTRY}`);
    if (!isReplaced && !isOfDamage)
      expect({ context, place, value }).toEqual({ context, place, value: original.get(place) });
  }
  for (const place of original.keys()) {
    if (copy.has(place)) continue;
    if (!isTold(place, repair)) {
      const losses = repair.losses.map(({ columnFamily, message }) => `${columnFamily}: ${message}`);
      throw new Error(`${place} is gone, and not told: ${JSON.stringify({ context, losses }, null, 1)}`);
    }
  }
  if (repair.complete) expect(copy).toEqual(original);
}

describe.each(Array.from({ length: DATABASES }, (_, i) => first + i))('DAMAGE_SEED=%d', (seed) => {
  it('is whole where it is, and told where it is not; the copy is whole, and what it lacks is told', async () => {
    const random = new SeededRandom(seed);
    const folder = temporaryFolder();
    const path = join(folder, 'whole');
    await makeDatabase(path, random);
    const original = await contentsOf(path);
    expect((await verifyDatabase(path)).findings.filter(({ severity }) => severity === 'damage')).toEqual([]);
    const whole = await repairDatabase(path, join(folder, 'copy'));
    expect(whole).toMatchObject({ complete: true, losses: [] });
    expect(await contentsOf(join(folder, 'copy'))).toEqual(original);

    for (let i = 0; i < DAMAGES; i++) {
      const damaged = join(folder, `damaged-${i}`);
      cpSync(path, damaged, { recursive: true });
      const damage = [];
      for (let times = random.within(1, 2); times > 0; times--) {
        damage.push(
          random.chance(70) ? damageFile(damaged, random) : await damageRecord(damaged, random).catch(String),
        );
      }
      const { whole: isWhole, findings } = await verifyDatabase(damaged);
      const found = await contentsOf(damaged).catch((error: Error) => error.message);
      const context = { seed, i, damage };
      if (isWhole) expect({ context, found }).toEqual({ context, found: original });
      else expect(findings.some(({ severity }) => severity === 'damage')).toBe(true);
      const copy = join(folder, `copy-${i}`);
      const repair = await repairDatabase(damaged, copy).catch((error: Error) => error.message);
      if (typeof repair === 'string')
        expect({ context, repair }).toMatchObject({ repair: expect.stringMatching(/^nothing can be saved/) });
      else expectSaved(await contentsOf(copy), original, repair, context);
    }
  });
});
