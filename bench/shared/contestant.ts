import type { Hello, Sample, TimedWork, WorkNumbers } from './protocol.js';

/** A request's numbers, with what is left out filled in; `entryBytes` has no default, because entries may be objects. */
export type Numbers = Required<Omit<WorkNumbers, 'entryBytes'>> & Pick<WorkNumbers, 'entryBytes'>;

/** One store behind the works that it can do; it lives in a process of its own (serve.ts). */
export interface Contestant extends Hello {
  readonly works: Partial<Record<TimedWork, (numbers: Numbers) => Sample | Promise<Sample>>>;
  /** Untimed, after each turn: removes what was appended, and waits until nothing runs in the background. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a contestant in a folder that is its own, and empty. */
export type OpenContestant = (folder: string) => Promise<Contestant>;
