import { closeSync, fstatSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * A new file for the report of a run. It is made before the run: what would fail after minutes fails at once. If nothing is
 * written, it is removed. A file that was there before is never touched.
 */
export class ReportFile implements Disposable {
  readonly #path: string;
  readonly #file: number;
  /** False for a device or a pipe. */
  readonly #isOurs: boolean;
  readonly #dispose = () => this[Symbol.dispose]();
  #isWritten = false;
  #isClosed = false;

  /** @throws Error, in one line, where there is something already, or it cannot be made */
  constructor(path: string) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) throw new Error(`${path} cannot be written: it is a folder`);
    if (found?.isFile()) throw new Error(`${path} is there already: remove it first, or name another file`);
    this.#path = path;
    this.#isOurs = found === undefined;
    try {
      this.#file = openSync(path, this.#isOurs ? 'wx' : 'w');
    } catch (error) {
      throw new Error(`${path} cannot be written: ${(error as Error).message}`);
    }
    process.once('exit', this.#dispose); // a second Ctrl-C ends the process at once
  }

  write(report: string): void {
    writeFileSync(this.#file, report);
    this.#isWritten = true;
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off('exit', this.#dispose);
    const { ino } = fstatSync(this.#file);
    closeSync(this.#file);
    // Half a report is none. Another file that has taken its place meanwhile stays.
    const isThere = statSync(this.#path, { throwIfNoEntry: false })?.ino === ino;
    if (this.#isOurs && !this.#isWritten && isThere) rmSync(this.#path);
  }
}
