import { appends } from './appends.js';
import { atomicWrites } from './atomic-writes.js';
import { compaction } from './compaction.js';
import type { Contract } from './contract.js';
import { copies } from './copies.js';
import { entries } from './entries.js';
import { gaps } from './gaps.js';
import { logReads } from './log-reads.js';
import { metaRecords } from './meta-records.js';
import { minusZero } from './minus-zero.js';
import { refusals } from './refusals.js';

/** Registers all that the contract says, but for the random walk, as tests. */
export function registerContract(contract: Contract): void {
  for (const part of [
    appends,
    logReads,
    entries,
    gaps,
    compaction,
    metaRecords,
    atomicWrites,
    copies,
    minusZero,
    refusals,
  ]) {
    part(contract);
  }
}
