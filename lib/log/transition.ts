// The one place that decides what an operation does. Pure but for the probe: from a cursor and operations to the records
// to write, whether they must be synced, and the cursor once they are written.

import type { CheckedOp, EntryList } from '../contract/checked-op.js';
import type { Ballot, LogIndex, StopSign, StorageOp } from '../contract/storage.js';
import { StorageError } from '../contract/storage-error.js';
import type { MetaName } from '../format/log-keys.js';
import { type Cursor, nextIdx } from './cursor.js';
import type { Probe } from './live-ranges.js';

/** A change of what is stored, not yet encoded. */
export type StorageRecord<T, S> =
  | { type: 'putEntries'; from: LogIndex; entries: EntryList<T> }
  | { type: 'removeEntries'; from: LogIndex; to: LogIndex }
  | { type: 'putBallot'; name: 'promise' | 'acceptedRound'; ballot: Ballot }
  | { type: 'putIndex'; name: 'decidedIdx' | 'compactedIdx'; idx: LogIndex }
  | { type: 'putSnapshot'; snapshot: S }
  | { type: 'putStopsign'; stopsign: StopSign }
  | { type: 'removeMeta'; name: MetaName };

export interface Transition<T, S> {
  records: StorageRecord<T, S>[];
  sync: boolean;
  cursor: Cursor;
}

/**
 * Not fsynced: losing the last of these to a power failure costs work, not agreement. A replica learns the decided index
 * again, and trims again. Everything else it has promised to others. The crate does not sync a stop-sign either; that is an
 * accepted entry, and forgetting one breaks agreement.
 */
export const UNSYNCED_OPS = ['setDecidedIdx', 'setCompactedIdx', 'trim', 'setSnapshot'] as const;
/** An operation that is not fsynced by itself: a power failure may undo the latest of them. */
export type UnsyncedOp = (typeof UNSYNCED_OPS)[number];

export function isUnsynced(type: StorageOp<unknown, unknown>['type']): type is UnsyncedOp {
  return (UNSYNCED_OPS as readonly string[]).includes(type);
}

export function transition<T, S>(start: Cursor, ops: readonly CheckedOp<T, S>[], probe: Probe): Transition<T, S> {
  const records: StorageRecord<T, S>[] = [];
  let cursor = start;
  for (const op of ops) cursor = apply(cursor, op, records, probe);
  return { records, sync: ops.some((op) => !isUnsynced(op.type)), cursor };
}

function apply<T, S>(cursor: Cursor, op: CheckedOp<T, S>, records: StorageRecord<T, S>[], probe: Probe): Cursor {
  switch (op.type) {
    case 'appendEntry':
      return append(cursor, nextIdx(cursor), [op.entry], records);
    case 'appendEntries':
      return append(cursor, nextIdx(cursor), op.entries, records);
    case 'appendOnPrefix': {
      const fromIdx = neverMinusZero(op.fromIdx);
      // What the new entries overwrite need not be removed first.
      const overwritten = fromIdx + op.entries.length;
      for (const { from, to } of cursor.live.within(overwritten, Number.POSITIVE_INFINITY)) {
        records.push({ type: 'removeEntries', from, to });
      }
      return append({ ...cursor, live: cursor.live.truncate(fromIdx, probe) }, fromIdx, op.entries, records);
    }
    case 'trim':
      // From the lowest live index, never from 0: a range over what is long gone makes every later read pass over it.
      for (const { from, to } of cursor.live.within(0, op.idx)) records.push({ type: 'removeEntries', from, to });
      return { ...cursor, live: cursor.live.trim(op.idx) };
    case 'setCompactedIdx':
      records.push({ type: 'putIndex', name: 'compactedIdx', idx: op.idx });
      return { ...cursor, compactedIdx: neverMinusZero(op.idx) };
    case 'setDecidedIdx':
      records.push({ type: 'putIndex', name: 'decidedIdx', idx: op.idx });
      return { ...cursor, decidedIdx: neverMinusZero(op.idx) };
    case 'setPromise':
      records.push({ type: 'putBallot', name: 'promise', ballot: op.ballot });
      return cursor;
    case 'setAcceptedRound':
      records.push({ type: 'putBallot', name: 'acceptedRound', ballot: op.ballot });
      return cursor;
    case 'setStopsign':
      records.push(
        op.stopsign === undefined
          ? { type: 'removeMeta', name: 'stopsign' }
          : { type: 'putStopsign', stopsign: op.stopsign },
      );
      return { ...cursor, hasStopsign: op.stopsign !== undefined };
    case 'setSnapshot':
      records.push(
        op.snapshot === undefined
          ? { type: 'removeMeta', name: 'snapshot' }
          : { type: 'putSnapshot', snapshot: op.snapshot },
      );
      return cursor;
  }
}

/** Whether `records` change nothing that is there already. */
export function onlyAppends(before: Cursor, records: readonly StorageRecord<unknown, unknown>[]): boolean {
  const { highest = -1 } = before.live;
  return records.every((record) => record.type === 'putEntries' && record.from > highest);
}

/** -0 is a safe integer ≥ 0 too, but not what a disk would give back. */
function neverMinusZero(idx: LogIndex): LogIndex {
  return idx + 0;
}

function append<T, S>(cursor: Cursor, from: LogIndex, entries: EntryList<T>, records: StorageRecord<T, S>[]): Cursor {
  if (entries.length === 0) return cursor;
  if (from + entries.length > Number.MAX_SAFE_INTEGER) {
    throw new StorageError('INVALID_ARGUMENT', `an append of ${entries.length} at index ${from} would pass 2^53 - 1`);
  }
  records.push({ type: 'putEntries', from, entries });
  const { compactedIdx, decidedIdx, hasStopsign } = cursor; // quicker than to spread it
  return { live: cursor.live.append(from, entries.length), compactedIdx, decidedIdx, hasStopsign };
}
