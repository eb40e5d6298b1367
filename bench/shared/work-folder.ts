import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

const RUNS = ['fsync', 'bars', 'scale', 'snapshots', 'groups', 'state'] as const;
/** mkdtemp ends a name with six of these. */
const NAME = new RegExp(`^bench-(?:${RUNS.join('|')})-[A-Za-z0-9]{6}$`);

/** A folder for one run: new, under a name that nothing had before, and removed with all that is in it. */
export class WorkFolder implements Disposable {
  readonly path: string;

  /** Makes it below `dir`. */
  constructor(dir: string, run: (typeof RUNS)[number]) {
    this.path = mkdtempSync(join(dir, `bench-${run}-`));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A signal removes the folder, and ends the process. `first` ends who else writes into it. */
export function endOnSignals(folder: WorkFolder, first: () => void = () => {}): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      first();
      folder[Symbol.dispose]();
      process.exit(128 + constants.signals[signal]);
    });
  }
}

/** A line about each folder of another run in `dir`. Nobody but its user knows whether that run still goes on. */
export function tellOfOtherRuns(dir: string): string[] {
  return namesIn(dir)
    .filter((name) => NAME.test(name))
    .map((name) => `${join(dir, name)} is of another run. Where none is under way it was killed: remove the folder.`);
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // that the folder will not do is told elsewhere
  }
}
