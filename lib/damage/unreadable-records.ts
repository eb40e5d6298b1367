import { showKey } from '../format/keys.js';

/** Records, each the next after the one before, of which only the keys are known. Keys are as in messages. */
export interface UnreadableRecords {
  count: number;
  from: string;
  to: string;
  /** Of the first. */
  reason: string;
}

/** Gathers records that cannot be read. A row that can be ends the run of those before it. */
export class UnreadableRuns {
  readonly runs: UnreadableRecords[] = [];
  #isOpen = false;

  add(key: Buffer, reason: string): void {
    const shown = showKey(key);
    const last = this.#isOpen ? this.runs.at(-1) : undefined;
    if (last === undefined) this.runs.push({ count: 1, from: shown, to: shown, reason });
    else Object.assign(last, { count: last.count + 1, to: shown });
    this.#isOpen = true;
  }

  end(): void {
    this.#isOpen = false;
  }
}
