// The folder that a run works in: made for it, below the user's, and removed with all that is in it.

import { accessSync, constants, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { showBytes } from './figures.js';

/** A run of two minutes with every peer has used 1.3 GiB. */
export const SPACE_NEEDED = 2 * 1024 ** 3;

export class Workplace implements Disposable {
  readonly folder: string;

  /** @throws Error, in one line, where the folder will not do */
  constructor(dir: string, spaceNeeded = SPACE_NEEDED) {
    const found = statSync(dir, { throwIfNoEntry: false });
    if (found === undefined) throw new Error(`there is no folder ${dir}`);
    if (!found.isDirectory()) throw new Error(`${dir} is not a folder`);
    const { bavail, bsize } = statfsSync(dir);
    if (bavail * bsize < spaceNeeded) {
      throw new Error(`${dir} has ${showBytes(bavail * bsize)} free, the run needs ${showBytes(spaceNeeded)}`);
    }
    try {
      accessSync(dir, constants.W_OK | constants.X_OK);
      this.folder = mkdtempSync(join(dir, 'bench-fsync-'));
    } catch (error) {
      throw new Error(`${dir} is not writable (${(error as NodeJS.ErrnoException).code})`);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
