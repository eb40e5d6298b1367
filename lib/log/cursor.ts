import type { LogIndex } from '../contract/storage.js';
import { LiveRanges } from './live-ranges.js';

/** What a storage knows of its log without reading it. It always equals what reopening would find. */
export interface Cursor {
  readonly live: LiveRanges;
  readonly compactedIdx: LogIndex;
  readonly decidedIdx: LogIndex;
  readonly hasStopsign: boolean;
}

export const EMPTY: Cursor = { live: LiveRanges.none(), compactedIdx: 0, decidedIdx: 0, hasStopsign: false };

/** Where the next append lands: behind the highest live entry, never below the floor. */
export function nextIdx({ live, compactedIdx }: Cursor): LogIndex {
  return live.highest === undefined ? compactedIdx : Math.max(live.highest + 1, compactedIdx);
}

export function logLength(cursor: Cursor): number {
  return Math.max(0, nextIdx(cursor) - cursor.compactedIdx);
}
