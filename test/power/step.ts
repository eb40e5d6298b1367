import type { StorageOp } from '../../lib/index.js';

export type Op = StorageOp<string, string>;

/** Records of a plain column family: to be put, or, where undefined, to be deleted. */
export type Records = [key: string, value: string | undefined][];

/** One thing that a workload does. */
export type Step =
  | { type: 'open' }
  /** Closes the database, and opens it again. */
  | { type: 'reopen' }
  /** `writeAtomically`, with `records` alongside. */
  | { type: 'ops'; log: string; ops: Op[]; records: Records; sync: boolean }
  | { type: 'compact'; log: string; idx: number; snapshot: string }
  | { type: 'records'; family: string; records: Records; sync: boolean }
  | { type: 'flush' }
  | { type: 'compactRange'; family: string }
  | { type: 'createFamily' | 'dropFamily'; name: string }
  /** Into a folder of that name beside the database. */
  | { type: 'checkpoint'; name: string }
  | { type: 'put'; name: string; idx: number; bytes: number }
  | { type: 'compactTo'; log: string; name: string; idx: number; bytes: number; keep: number }
  | { type: 'restore'; log: string; name: string; idx: number; bytes: number }
  | { type: 'delete'; name: string }
  | { type: 'prune'; keep: number };

const UNSYNCED: readonly Op['type'][] = ['setDecidedIdx', 'setCompactedIdx', 'trim', 'setSnapshot'];

/** Whether all that was done before is durable too once the step is done. The README's table says so. */
export function isSynced(step: Step): boolean {
  switch (step.type) {
    case 'ops':
      return step.sync || step.ops.some(({ type }) => !UNSYNCED.includes(type));
    case 'records':
      return step.sync;
    case 'reopen':
    case 'put':
    case 'compactTo':
    case 'restore':
      return true;
    default:
      return false;
  }
}

/** Whether the step is one write, which may be called while others are under way. */
export function isWrite({ type }: Step): boolean {
  return type === 'ops' || type === 'compact' || type === 'records';
}

/** What is in the snapshot that the step stores: no other's is the same. */
export function snapshotBytes(number: number, length: number): Buffer {
  return Buffer.alloc(length, `snapshot of step ${number}. `);
}
