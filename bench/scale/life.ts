// The lives that a database is given: what is appended to it, for how long, and what is kept.

export interface Life {
  name: string;
  title: string;
  /** Each has a column family of its own. */
  logs: number;
  entryBytes: number;
  /** Entries of one append. */
  batch: number;
  /** Entries that compaction leaves in each log. */
  keptEntries: number;
  /** A log is compacted once it is so many entries longer. */
  compactedEvery: number;
  /** How many rounds of appends one of this log comes in. */
  roundsPerAppend(log: number): number;
  /** How many entries are appended for one of `--entries`. */
  share: number;
  /** What an entry takes of a whole run, roughly: for the time left. */
  weight: number;
}

const MIB = 2 ** 20;
const everyRound = () => 1;

export const LIVES: readonly Life[] = [
  {
    name: 'one-log',
    title: 'one log, entries of 128 bytes',
    logs: 1,
    entryBytes: 128,
    batch: 1000,
    keptEntries: 100_000,
    compactedEvery: 10_000,
    roundsPerAppend: everyRound,
    share: 1,
    weight: 1,
  },
  {
    name: 'ten-logs',
    title: '10 logs, each half as busy as the one before',
    logs: 10,
    entryBytes: 128,
    batch: 100,
    keptEntries: 10_000,
    compactedEvery: 1000,
    roundsPerAppend: (log) => 2 ** log,
    share: 1 / 10,
    weight: 5,
  },
  {
    name: 'large-entries',
    title: 'one log, entries of 1 MiB',
    logs: 1,
    entryBytes: MIB,
    batch: 1,
    keptEntries: 64,
    compactedEvery: 16,
    roundsPerAppend: everyRound,
    share: 1 / 10_000,
    weight: 8000,
  },
  {
    name: 'many-families',
    title: '1,000 logs, each in a column family of its own',
    logs: 1000,
    entryBytes: 128,
    batch: 10,
    keptEntries: 100,
    compactedEvery: 100,
    roundsPerAppend: everyRound,
    share: 1 / 10,
    weight: 5,
  },
];

/** How many entries are appended in a run of `--entries`. */
export function entriesOf({ share }: Life, entries: number): number {
  return Math.max(1, Math.round(entries * share));
}
