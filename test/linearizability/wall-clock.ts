// The wall clocks of processes, which libfaketime moves while they run. Their monotonic clocks stay right, as they do where an
// administrator or NTP sets the time: what is shown is that nothing leans on the wall clock.

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian's package `libfaketime` puts it: a folder for each architecture. */
const LIBRARIES = '/usr/lib';

export class WallClocks {
  readonly #folder: string;
  readonly #library: string;

  private constructor(folder: string, library: string) {
    this.#folder = folder;
    this.#library = library;
  }

  /** With the clocks' files in `folder`. Undefined where libfaketime is not installed. */
  static find(folder: string): WallClocks | undefined {
    const inFolders = existsSync(LIBRARIES) ? readdirSync(LIBRARIES) : [];
    const paths = inFolders.map((name) => join(LIBRARIES, name, 'faketime/libfaketimeMT.so.1'));
    const library = paths.find((path) => existsSync(path));
    return library === undefined ? undefined : new WallClocks(folder, library);
  }

  /** What the process of `pid` is to be started with. */
  env(pid: number): Record<string, string> {
    if (!existsSync(this.#file(pid))) this.set(pid, 0);
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#file(pid),
      FAKETIME_CACHE_DURATION: '1', // seconds between two looks at the file
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** The wall clock of `pid` is so far ahead of the right one from now on. */
  set(pid: number, seconds: number): void {
    writeFileSync(this.#file(pid), seconds < 0 ? `${seconds}\n` : `+${seconds}\n`);
  }

  #file(pid: number): string {
    return join(this.#folder, `clock-${pid}`);
  }
}
