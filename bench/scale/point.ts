import type { FolderUse } from './folder-use.js';

/** How a database stood at one moment of its life, and how it had worked since the point before. */
export interface Point extends FolderUse {
  /** Since the life began. */
  seconds: number;
  /** Appended so far, in all logs. */
  entries: number;
  entriesPerSecond: number;
  /** Of an append. */
  p50Us: number;
  p99Us: number;
  residentBytes: number;
  /** Medians of reading the oldest and the newest entries of the busiest log. */
  readOldestUs: number;
  readNewestUs: number;
  /** Rows and deletes in the SST files, of all logs. */
  rowsInFiles: number;
  /** Where it was closed and opened again at this point: how long that took, until every log knew its bounds. */
  reopenMs?: number;
  /** Reads and writes of the process meanwhile, where the system tells. */
  reopenCalls?: number;
}

/** What the process of a life sends. */
export type LifeMessage = { type: 'progress'; entries: number } | { type: 'point'; point: Point };

/** What it is started with. */
export interface LifeSetting {
  life: string;
  path: string;
  entries: number;
}
