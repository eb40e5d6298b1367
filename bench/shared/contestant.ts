import type { Hello, Sample, TimedWork, WorkNumbers } from './protocol.js';

/** A request's numbers, with defaults where they were left out. `entryBytes` has none, because entries may be objects. */
export type Numbers = Required<Omit<WorkNumbers, 'entryBytes'>> & Pick<WorkNumbers, 'entryBytes'>;

/** One store, and the works that it can do. It lives in a process of its own (serve.ts). */
export interface Contestant extends Hello {
  readonly works: Partial<Record<TimedWork, (numbers: Numbers) => Sample | Promise<Sample>>>;
  /** Untimed, after each turn: removes what was appended, and waits until nothing runs in the background. */
  settle(): Promise<void>;
  /** Untimed, where appends would be a slow way. */
  fill?(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a contestant in a folder that is its own, and empty. */
export type OpenContestant = (folder: string) => Promise<Contestant>;
