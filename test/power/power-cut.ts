// One power cut: where in a recording, by which rules, and what is on the disk then.

import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { DiskFolder } from './disk-tree.js';
import { cutOrdered } from './ordered-cut.js';
import type { Operation, Recording } from './recording.js';
import { cutStrict } from './strict-cut.js';

/** By which rules a disk keeps and loses what was not synced. */
export const PROFILES = { ordered: cutOrdered, strict: cutStrict };
export type Profile = keyof typeof PROFILES;

export interface PowerCut {
  disk: DiskFolder;
  /** What had been told by then. */
  marks: string[];
  /** How many operations were done. */
  at: number;
}

export function cutPower(recording: Recording, profile: Profile, random: SeededRandom): PowerCut {
  const at = placeIn(recording.operations, random);
  return { disk: PROFILES[profile](recording, at, random), marks: marksIn(recording.operations.slice(0, at)), at };
}

export function marksIn(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => (operation.type === 'mark' ? [operation.text] : []));
}

/** Anywhere; and more often at what decides about what is durable, as most operations are writes. */
function placeIn(operations: readonly Operation[], random: SeededRandom): number {
  const at = random.within(0, operations.length);
  if (random.chance(40)) return at;
  const isDecisive = ({ type }: Operation) => type !== 'write' && type !== 'mark';
  const found = operations.findIndex((operation, i) => i >= at && isDecisive(operation));
  return found === -1 ? operations.length : found + random.within(0, 1);
}
