// Databases with damaged files: each opens whole, or is refused with a typed error. DAMAGE_SEED chooses what is damaged;
// `npm run damage` opens more of them.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Findings, runCampaign } from '../damage/campaign.js';
import { described } from '../damage/damage.js';
import { buildImages, type Image } from '../damage/images.js';
import { OpenerPool } from '../damage/opener-pool.js';
import { scratchParent } from '../damage/scratch.js';

const { DAMAGE_SEED = `${Date.now() % 1_000_000}` } = process.env;
const SEED = Number(DAMAGE_SEED);
const STATES = 500;

const scratch = mkdtempSync(join(scratchParent(), 'omnipaxos-damage-'));
const pool = new OpenerPool(scratch, availableParallelism());
let images: Image[];

beforeAll(async () => {
  images = await buildImages(scratch, SEED);
}, 120_000);

afterAll(() => {
  pool[Symbol.dispose]();
  rmSync(scratch, { recursive: true, maxRetries: 3 });
});

describe('a database', () => {
  it('is whole while nothing is damaged', async () => {
    const outcomes: unknown[] = [];
    const states = images.map((image, number) => ({ number, image, damages: [] }));
    await pool.openAll(states, ({ image }, outcome) => outcomes.push({ image: image.name, ...outcome }));
    expect(outcomes).toHaveLength(images.length);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ verdict: 'whole' });
  });

  it(`with damaged files opens whole or is refused (DAMAGE_SEED=${SEED})`, async () => {
    const findings: Findings = await runCampaign({ images, pool, seed: SEED, states: Array(STATES).keys() });
    const failures = findings.failures.map(({ state, outcome, cause }) => ({
      cause,
      damage: `${state.image.name}: ${state.damages.map(described).join(' and ')}`,
      ...outcome,
      replay: `npm run damage -- --replay ${SEED}:${state.number}`,
    }));
    expect(failures).toEqual([]);
    expect(findings.states).toBe(STATES);
  }, 300_000);
});
