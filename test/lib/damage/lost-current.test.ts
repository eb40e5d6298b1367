// What verify and repair make of a database whose CURRENT leads nowhere, for databases and damage by chance. A failure names
// its seed: DAMAGE_SEED=n runs that alone.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Loss } from '../../../lib/damage/losses.js';
import { repairDatabase } from '../../../lib/damage/repair.js';
import { type Verification, verifyDatabase } from '../../../lib/damage/verification.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { type Contents, contentsOf, damageFile, type Layout, makeDatabase } from '../../support/damaged-databases.js';
import { stateOf } from '../../support/folder-state.js';
import { addUnfinishedManifest, loseCurrent, manifestOf, reopenBesideOldManifest } from '../../support/lost-current.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const { DAMAGE_SEED: given, DAMAGE_DATABASES: count = 6 } = process.env;
const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
const DATABASES = given === undefined ? Number(count) : 1;
const DAMAGES = 5;
const LAYOUTS: readonly Layout[] = ['most in files', 'all in files', 'all in the WAL'];

/** What verify and repair make of a database, which they leave as it is. */
interface Outcome {
  /** Gone by in the place of the one that CURRENT should name. */
  taken: { file: string | undefined; isKnown: boolean } | undefined;
  /** Why there is no copy. */
  failed?: string;
  complete: boolean;
  /** Without that a later MANIFEST may have told of more. */
  losses: Loss[];
  isUncertain: boolean;
  copy?: Contents;
}

async function outcomeOf(path: string, to: string): Promise<Outcome> {
  const before = stateOf(path);
  const taken = takenIn(await verifyDatabase(path));
  try {
    const { complete, losses } = await repairDatabase(path, to);
    const isUncertain = losses.some(({ kind }) => kind === 'writes-unknown');
    const others = losses.filter(({ kind }) => kind !== 'writes-unknown');
    return { taken, complete, losses: others, isUncertain, copy: await contentsOf(to) };
  } catch (error) {
    return { taken, failed: (error as Error).message, complete: false, losses: [], isUncertain: false };
  } finally {
    expect(stateOf(path)).toEqual(before);
  }
}

function takenIn({ findings }: Verification): Outcome['taken'] {
  const found = findings.find(({ kind }) => kind === 'manifest-known' || kind === 'manifest-guessed');
  return found && { file: found.file, isKnown: found.kind === 'manifest-known' };
}

/** A database in `folder`, with what power failures have left of older and newer MANIFESTs. */
async function databaseIn(folder: string, random: SeededRandom): Promise<{ path: string; made: unknown }> {
  const path = join(folder, 'whole');
  const layout = random.oneOf(LAYOUTS);
  await makeDatabase(path, random, layout);
  const old = layout !== 'all in the WAL' && random.chance(50) ? await reopenBesideOldManifest(path) : undefined;
  const unfinished = random.chance(60) ? await addUnfinishedManifest(path, random) : undefined;
  return { path, made: { layout, old, unfinished } };
}

describe.each(Array.from({ length: DATABASES }, (_, i) => first + i))('DAMAGE_SEED=%d', (seed) => {
  it('saves the same as with CURRENT, or tells that it may be less', async () => {
    const random = new SeededRandom(seed);
    const folder = temporaryFolder();
    const { path, made } = await databaseIn(folder, random);
    const original = await contentsOf(path);
    for (let i = 0; i < DAMAGES; i++) {
      const damaged = join(folder, `damaged-${i}`);
      cpSync(path, damaged, { recursive: true });
      const isMarked = random.chance(70);
      if (!isMarked) rmSync(join(damaged, 'WATERMARK'));
      const damage = i === 0 ? 'none' : damageFile(damaged, random);
      const named = manifestOf(damaged);
      const led = await outcomeOf(damaged, join(folder, `led-${i}`));
      const lost = loseCurrent(damaged, random);
      const outcome = await outcomeOf(damaged, join(folder, `copy-${i}`));
      const context = { seed, i, made, isMarked, damage, lost };

      const isOfList = damage.includes('MANIFEST');
      if (!isOfList) expect({ context, ...outcome.taken }).toEqual({ context, file: named, isKnown: isMarked });
      if (damage === 'none') expect({ context, copy: outcome.copy }).toEqual({ context, copy: original });
      if (outcome.taken === undefined) {
        expect({ context, failed: outcome.failed }).toEqual({
          context,
          failed: expect.stringMatching(/^nothing can be saved: CURRENT: .*\. Replace the replica/),
        });
        expect({ context, failed: led.failed }).toEqual({ context, failed: expect.any(String) });
      } else if (outcome.taken.file === (led.taken?.file ?? named)) {
        const { failed, copy, losses, complete, isUncertain } = outcome;
        expect({ context, copy, failed: failed !== undefined }).toEqual({
          context,
          copy: led.copy,
          failed: led.failed !== undefined,
        });
        // Where it is not the one that CURRENT has named, what is wrong with that one is told as well.
        if (led.taken === undefined) expect({ context, losses }).toEqual({ context, losses: led.losses });
        const isCertain = copy !== undefined && outcome.taken.isKnown;
        expect({ context, complete }).toEqual({ context, complete: isCertain && losses.length === 0 });
        expect({ context, isUncertain }).toEqual({ context, isUncertain: copy !== undefined && !isCertain });
      } else {
        expect({ context, complete: outcome.complete }).toEqual({ context, complete: false });
      }
    }
  });
});
