// Many states one after another, and what became of them.

import { cannotBeTold, causeOf } from './causes.js';
import { type Damage, planState, type State } from './damage.js';
import type { FileKind } from './file-kinds.js';
import type { Image } from './images.js';
import type { OpenerPool, Outcome, Verdict } from './opener-pool.js';

/** How the states of one row of the table came out. */
export type Counts = Partial<Record<Verdict, number>>;

export interface Failure {
  state: State;
  outcome: Outcome;
  cause: string;
}

export interface Findings {
  states: number;
  /** By the kind of file and of damage; of two damages, the first is told. */
  table: Map<string, Counts>;
  /** How often an error had this code. */
  codes: Map<string, number>;
  /** How often a loss or a hang had this cause: also of those that nothing could have told of. */
  causes: Map<string, number>;
  /** Those that something could have told of. */
  failures: Failure[];
}

export interface CampaignOptions {
  images: readonly Image[];
  pool: OpenerPool;
  seed: number;
  /** The numbers of the states. */
  states: Iterable<number>;
  onState?: (state: State, outcome: Outcome) => void;
}

export async function runCampaign({ images, pool, seed, states, onState }: CampaignOptions): Promise<Findings> {
  const findings: Findings = { states: 0, table: new Map(), codes: new Map(), causes: new Map(), failures: [] };
  function* planned() {
    for (const number of states) yield planState(images, seed, number);
  }
  await pool.openAll(planned(), (state, outcome) => {
    findings.states++;
    const row = rowOf(state);
    const counts = findings.table.get(row) ?? {};
    counts[outcome.verdict] = (counts[outcome.verdict] ?? 0) + 1;
    findings.table.set(row, counts);
    if (outcome.code !== undefined) count(findings.codes, outcome.code);
    const cause = causeOf(outcome.verdict, state);
    if (cause !== undefined) {
      count(findings.causes, cause);
      if (!cannotBeTold(cause)) findings.failures.push({ state, outcome, cause });
    }
    onState?.(state, outcome);
  });
  return findings;
}

function rowOf({ image, damages }: State): string {
  const { file, kind } = damages[0] as Damage;
  return `${image.files.find(({ name }) => name === file)?.kind as FileKind} ${kind}`;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
