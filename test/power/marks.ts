// What a workload tells in its recording: which steps it has called, and which are done.

import { openSync, writeSync } from 'node:fs';

const { RECORDER_MARKS = '' } = process.env;

/** The process's end of recorder.c. */
export class Recorder {
  readonly #marks = openSync(RECORDER_MARKS, 'w');

  begin(recording: string): void {
    writeSync(this.#marks, `>${recording}`);
  }

  mark(text: string): void {
    writeSync(this.#marks, text);
  }

  end(): void {
    writeSync(this.#marks, '.');
  }
}

/** How far a workload was when the power was cut. */
export class Progress {
  /** Steps that were done. */
  readonly done = new Set<number>();
  /** The last step that was called; -1 where none was. */
  called = -1;

  /** @param marks - "call N" and "done N" */
  constructor(marks: readonly string[]) {
    for (const mark of marks) {
      const [what, number] = mark.split(' ');
      if (what === 'call') this.called = Number(number);
      else this.done.add(Number(number));
    }
  }
}
