// A process that opens damaged databases, one after another: damage could crash or hang it.

import { cpSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inflict, type State } from './damage.js';
import { kindOf } from './file-kinds.js';
import type { Acknowledged } from './images.js';
import { type Outcome, verdictOn } from './verdict.js';

/** A state to be made at `path`, which is removed afterwards unless it is to be kept. */
export interface Task {
  state: State;
  path: string;
  keep: boolean;
}

const acknowledgedBy = new Map<string, Acknowledged>();

process.on('message', async (task: Task) => {
  const outcome: Outcome = await attempt(task);
  process.send?.(outcome);
});

async function attempt({ state: { image, damages }, path, keep }: Task): Promise<Outcome> {
  rmSync(path, { recursive: true, force: true });
  cpSync(join(image.folder, 'db'), path, {
    recursive: true,
    filter: (from) => kindOf(basename(from)) !== undefined || basename(from) === 'db',
  });
  for (const damage of damages) inflict(damage, path, join(image.folder, 'copies'));
  if (keep) cpSync(path, `${path}-as-found`, { recursive: true });
  const outcome = await verdictOn(path, acknowledgedOf(image.folder));
  if (!keep) rmSync(path, { recursive: true });
  return outcome;
}

function acknowledgedOf(folder: string): Acknowledged {
  const known =
    acknowledgedBy.get(folder) ?? (JSON.parse(readFileSync(join(folder, 'acknowledged.json'), 'utf8')) as Acknowledged);
  acknowledgedBy.set(folder, known);
  return known;
}
