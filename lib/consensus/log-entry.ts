import type { LogIndex, StopSign } from '../contract/storage.js';

/** What lies at a place in the replicated log. */
export type LogEntry<T> =
  | { type: 'decided'; entry: T }
  /** It may yet be replaced by another. */
  | { type: 'undecided'; entry: T }
  /** All below `idx` has been compacted. */
  | { type: 'trimmed'; idx: LogIndex }
  | { type: 'stopsign'; stopsign: StopSign; decided: boolean };
