import type { Loss } from './losses.js';

/** What the copy of a damaged database is given of one column family, and what it lacks. */
export interface SavedRecords {
  /** What the copy has at `key`, whose value can be read; undefined where it has nothing there. Asked in the order of the keys. */
  valueFor(key: Buffer, value: Buffer): Buffer | undefined;
  /** Records that the copy has beside those. */
  added: readonly { key: Buffer; value: Buffer }[];
  losses: Loss[];
}
