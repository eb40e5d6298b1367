// Tells whether a RocksDB writes to a recycled WAL file. Such a file has its size already, so an fsync need not commit any
// growth. RocksDB recycles a file by giving it a new name, which is a higher number.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export class WalWatch {
  readonly #folder: string;
  /** The lowest number that each file was seen under. A later file may have the same inode, but not the same birth. */
  readonly #firstNumber = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be asked often: a file is known to be recycled only if it was seen under its earlier number. */
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
