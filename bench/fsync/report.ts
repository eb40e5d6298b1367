// What a run leaves behind: everything that --json writes, and that the terminal, the HTML report and `bench compare` show.

import type { Environment } from '../shared/environment.js';
import type { Hello, PercentileName } from '../shared/protocol.js';
import type { Summary } from '../shared/summary.js';
import type { Overhead } from './overhead.js';
import type { Plan } from './plan.js';
import type { Point } from './points.js';

export const SCHEMA = 'omnipaxos-rocksdb bench fsync';
/** Raised whenever a reader of the version before would misread a report. */
export const SCHEMA_VERSION = 1;

/** The units of every figure, in words; they stand in each report. */
export const UNITS = {
  entriesPerSecond: 'entries appended per second; calls per second where a call appends none',
  latencyUs: 'microseconds of one call, percentiles of the calls of one repeat',
  fsyncsPerSecond: 'fsyncs per second',
  entriesPerFsync: 'entries, or calls where a call appends none, per fsync',
  writtenBytesPerEntryByte: 'bytes written per byte of entry, as writtenBytesFrom tells',
  loopDelayUs: 'microseconds between two looks at the event loop, 1,000 of which are their interval',
  summary: 'of the repeats of one run: their median, lowest, highest, and the bounds of their middle half',
} as const;

export type LoopPercentile = 'p50' | 'p99' | 'max';

export interface PointReport extends Point {
  repeats: number;
  /** Of all repeats. */
  calls: number;
  entriesPerSecond: Summary;
  latencyUs: Record<PercentileName, Summary>;
  fsyncsPerSecond?: Summary;
  entriesPerFsync?: Summary;
  writtenBytesPerEntryByte?: Summary;
  loopDelayUs?: Record<LoopPercentile, Summary>;
  /** Whether every repeat began on a recycled WAL, where the contestant recycles its WAL. */
  walRecycled?: boolean;
}

/** A point that is advised. */
export interface Choice {
  /** Of the point. */
  id: string;
  batch: number;
  inFlight: number;
  entriesPerSecond: number;
  p99Us: number;
}

/** For a latency budget: what to choose. */
export interface Recommendation {
  budgetMs: number;
  /** The best of all appends that were measured. Undefined where none keeps to the budget. */
  best?: Choice;
  /** The best of the blocking ones. */
  blocking?: Choice;
  /** The best of the asynchronous ones. */
  async?: Choice;
  /** The same in words, one paragraph each. */
  text: string[];
}

export interface Contestant extends Hello {
  name: string;
}

export interface Report {
  schema: typeof SCHEMA;
  schemaVersion: typeof SCHEMA_VERSION;
  units: typeof UNITS;
  /** ISO 8601 */
  startedAt: string;
  /** How long the run took. */
  tookS: number;
  /** Whether it ran to its end, so that everything is there. */
  complete: boolean;
  /** Where it is not complete: what ended it. */
  endedBy?: string;
  plan: Plan;
  package: string;
  rocksdb: string;
  environment: Environment;
  overhead: Overhead;
  /**
   * Who counted the bytes written. The disk counts the file system's journal too, and whatever else wrote meanwhile. Where
   * the system names no disk for the folder, the process is asked (/proc/self/io): Linux charges it with whole blocks of
   * memory, which may be large.
   */
  writtenBytesFrom: 'the disk' | 'the process';
  contestants: Contestant[];
  /** Peers that did not take part, and why. */
  skipped: { name: string; reason: string }[];
  /** Why the figures may mislead. */
  warnings: string[];
  recommendation: Recommendation;
  points: PointReport[];
}
