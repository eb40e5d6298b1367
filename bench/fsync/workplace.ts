// The folder that a run works in. First it checks that the user's folder, in which it makes one, will do.

import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { WorkFolder } from '../shared/work-folder.js';
import { showBytes } from './figures.js';

/** A run of two minutes with every peer has used 1.3 GiB. */
export const SPACE_NEEDED = 2 * 1024 ** 3;

export class Workplace implements Disposable {
  readonly #folder: WorkFolder;

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
      this.#folder = new WorkFolder(dir, 'fsync');
    } catch (error) {
      throw new Error(`${dir} is not writable (${(error as NodeJS.ErrnoException).code})`);
    }
  }

  get folder(): string {
    return this.#folder.path;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
