// Tells whether a RocksDB writes to a recycled WAL file: one that has its size already, so that an fsync need not commit
// the file's growth. RocksDB recycles a file by giving it a new number as its name.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export class WalWatch {
  readonly #folder: string;
  /** The lowest number that each file was seen under. A file is told from a later one by its birth, not its inode alone. */
  readonly #firstNumber = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be asked now and then: what was never seen under its earlier number is not known to be recycled. */
  isRecycled(): boolean {
    let newest = -1;
    let recycled = false;
    for (const { number, identity } of this.#walFiles()) {
      const first = this.#firstNumber.get(identity) ?? number;
      this.#firstNumber.set(identity, Math.min(first, number));
      if (number > newest) {
        newest = number;
        recycled = first < number;
      }
    }
    return recycled;
  }

  #walFiles(): { number: number; identity: string }[] {
    return readdirSync(this.#folder).flatMap((name) => {
      const number = /^(\d+)\.log$/.exec(name)?.[1];
      const file = number && statSync(join(this.#folder, name), { bigint: true, throwIfNoEntry: false });
      return file ? [{ number: Number(number), identity: `${file.ino} ${file.birthtimeNs}` }] : [];
    });
  }
}
