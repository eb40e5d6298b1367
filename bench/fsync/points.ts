// What is measured: one point is one kind of call with its numbers. A point that several charts show is measured once.

import type { StorageOp } from '../../lib/index.js';
import { isUnsynced } from '../../lib/log/transition.js';
import type { PeerName } from '../shared/peers/index.js';
import { formatRequest, OPERATIONS, type Operation, type TimedWork } from '../shared/protocol.js';
import { DIFFERENT_ENTRIES } from '../shared/raw-entries.js';
import type { ContestantName } from './entrants.js';
import { showBytes, showCount } from './figures.js';
import type { Plan } from './plan.js';

/** Where a point is shown. */
export type Group =
  | 'side-by-side'
  | 'batch'
  | 'in-flight'
  | 'batch-in-flight'
  | 'entry-size'
  | 'operation'
  | 'wal'
  | 'event-loop';

export interface Point {
  /** Stable from run to run. */
  id: string;
  contestant: ContestantName;
  /** Who does what, for a person. */
  who: string;
  what: string;
  work: TimedWork;
  batch: number;
  inFlight: number;
  entryBytes: number;
  groups: Group[];
}

/** Where stores stand side by side. */
export const SIDE_BATCH = 64;
export const SIDE_WINDOW = 64;
/** Entries that `append N` writes, and that `trim` and `compact` remove. */
export const OPERATION_BATCH = 64;

const WHO: Record<ContestantName, string> = {
  disk: 'disk',
  baseline: 'RocksDB in C++',
  binding: 'RocksDB by the binding',
  storage: 'RocksdbStorage',
  'storage-without-recycling': 'RocksdbStorage, WAL not recycled',
  'async-storage': 'AsyncRocksdbStorage',
  'node-rocksdb': 'node-rocksdb',
  'classic-level': 'classic-level',
  lmdb: 'lmdb',
  'better-sqlite3': 'better-sqlite3',
};

type Numbers = Partial<Pick<Point, 'batch' | 'inFlight' | 'entryBytes'>>;

export function pointsOf(plan: Plan, rocksdb: 'baseline' | 'binding'): Point[] {
  const points = new Map<string, Point>();
  const add = (group: Group, contestant: ContestantName, work: TimedWork, numbers: Numbers = {}) => {
    const all = { batch: 1, inFlight: 1, entryBytes: plan.entryBytes[0] as number, ...numbers };
    const id = `${contestant} ${formatRequest(work, all)}`;
    const known = points.get(id);
    if (known) known.groups.push(group);
    else
      points.set(id, {
        id,
        contestant,
        who: WHO[contestant],
        what: describe(work, all),
        work,
        ...all,
        groups: [group],
      });
  };

  for (const work of ['write-growing', 'write-preallocated'] as const) {
    add('side-by-side', 'disk', `${work}-fsync`);
    add('side-by-side', 'disk', work);
  }
  const one = [rocksdb, 'storage', 'async-storage', ...plan.peers] as const;
  for (const contestant of one) add('side-by-side', contestant, 'append');
  const batches = [rocksdb, 'storage', ...plan.peers] as const;
  for (const contestant of batches) add('side-by-side', contestant, 'append', { batch: SIDE_BATCH });
  const windows = ['async-storage', ...plan.peers.filter(hasWindow)] as const;
  for (const contestant of windows) add('side-by-side', contestant, 'append', { inFlight: SIDE_WINDOW });

  for (const batch of plan.batch) add('batch', 'storage', 'append', { batch });
  for (const inFlight of plan.inFlight) add('in-flight', 'async-storage', 'append', { inFlight });
  for (const batch of twoOf(plan.batch)) {
    for (const inFlight of twoOf(plan.inFlight)) add('batch-in-flight', 'async-storage', 'append', { batch, inFlight });
  }
  for (const entryBytes of plan.entryBytes) add('entry-size', 'storage', 'append', { entryBytes });

  for (const operation of OPERATIONS) {
    const numbers = { batch: batchOf(operation) };
    // An append of the storage is in the sweep already.
    add('operation', 'storage', isAppend(operation) ? 'append' : `operation-${operation}`, numbers);
    add('operation', 'storage', `opposite-${operation}`, numbers);
  }

  for (const contestant of ['storage', 'storage-without-recycling'] as const) {
    add('wal', contestant, 'append-cold');
    add('wal', contestant, 'append');
  }
  for (const inFlight of [1, SIDE_WINDOW]) {
    add('event-loop', 'storage', 'append-watching-loop', { inFlight });
    add('event-loop', 'async-storage', 'append-watching-loop', { inFlight });
  }
  return [...points.values()];
}

/** The most bytes that all calls in flight may carry together. A contestant keeps no more entries than that either. */
const MOST_BYTES_AT_ONCE = 64 * 1024 ** 2;

/** @throws Error where what is asked for would measure the memory rather than the disk */
export function checkPlan(plan: Plan): void {
  for (const { what, entryBytes, batch, inFlight } of pointsOf(plan, 'binding')) {
    const bytes = entryBytes * Math.max(batch * inFlight, DIFFERENT_ENTRIES);
    if (bytes <= MOST_BYTES_AT_ONCE) continue;
    const entries = `entries of ${showCount(entryBytes)} bytes, ${what}, take ${showBytes(bytes)} at once`;
    throw new Error(`${entries}: at most ${showBytes(MOST_BYTES_AT_ONCE)} may be taken; ask for smaller numbers`);
  }
}

function hasWindow(peer: PeerName): boolean {
  return peer !== 'better-sqlite3'; // it blocks
}

function isAppend(operation: Operation): boolean {
  return operation === 'append-1' || operation === 'append-n';
}

function batchOf(operation: Operation): number {
  return ['append-n', 'trim', 'compact'].includes(operation) ? OPERATION_BATCH : 1;
}

/** Two values from the middle of a sweep, to be combined with two of another sweep. */
function twoOf(sweep: readonly number[]): number[] {
  const many = sweep.filter((n) => n > 1).sort((a, b) => a - b);
  return [...new Set([1 / 4, 1 / 2].flatMap((part) => many[Math.floor(many.length * part)] ?? []))];
}

function describe(work: TimedWork, { batch, inFlight }: { batch: number; inFlight: number }): string {
  switch (work) {
    case 'write-growing':
      return 'pwrite + fdatasync, growing file';
    case 'write-growing-fsync':
      return 'pwrite + fsync, growing file';
    case 'write-preallocated':
      return 'pwrite + fdatasync, preallocated file';
    case 'write-preallocated-fsync':
      return 'pwrite + fsync, preallocated file';
    case 'append':
    case 'append-cold': {
      const cold = work === 'append-cold' ? ', cold: a new database' : '';
      if (batch === 1 && inFlight === 1) return `one entry after another${cold}`;
      if (inFlight === 1) return `batches of ${showCount(batch)}${cold}`;
      const appends = batch === 1 ? 'appends' : `batches of ${showCount(batch)}`;
      return `${showCount(inFlight)} ${appends} in flight${cold}`;
    }
    case 'append-watching-loop':
      return `event loop watched, ${inFlight === 1 ? '1 append' : `${showCount(inFlight)} appends`} at a time`;
    default:
      return describeOperation(work);
  }
}

export const OPERATION_NAMES: Record<Operation, string> = {
  promise: 'setPromise',
  'accepted-round': 'setAcceptedRound',
  'append-1': 'appendEntry',
  'append-n': `appendEntries of ${OPERATION_BATCH}`,
  'decided-index': 'setDecidedIdx',
  trim: `trim of ${OPERATION_BATCH}`,
  compact: `compact of ${OPERATION_BATCH}, snapshot 64 KiB`,
};

const STORAGE_OPS: Record<Operation, StorageOp<unknown, unknown>['type']> = {
  promise: 'setPromise',
  'accepted-round': 'setAcceptedRound',
  'append-1': 'appendEntry',
  'append-n': 'appendEntries',
  'decided-index': 'setDecidedIdx',
  trim: 'trim',
  compact: 'setSnapshot', // and a trim, and the compaction floor: none of them synced
};

/** The operation behind a work, and whether the work syncs it. */
export function operationOf(point: Pick<Point, 'work' | 'batch'>): {
  operation: Operation;
  synced: boolean;
  asStored: boolean;
} {
  const asStored = !point.work.startsWith('opposite-');
  const operation =
    OPERATIONS.find((name) => point.work.endsWith(`-${name}`)) ?? (point.batch === 1 ? 'append-1' : 'append-n');
  return { operation, synced: isUnsynced(STORAGE_OPS[operation]) !== asStored, asStored };
}

function describeOperation(work: TimedWork): string {
  const { operation, synced, asStored } = operationOf({ work, batch: 1 });
  const whose = asStored ? 'as the storage does' : 'the other way round';
  return `${OPERATION_NAMES[operation]}, ${synced ? 'synced' : 'not synced'} (${whose})`;
}
