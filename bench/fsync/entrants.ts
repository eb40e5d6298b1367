// How each contestant's process is started.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { baselineProgram } from '../shared/baseline-program.js';
import type { Entrant } from '../shared/lineup.js';
import type { NodeContestant } from './contestants/index.js';

export type ContestantName = NodeContestant | 'baseline';

const RECYCLE_WAL: readonly ContestantName[] = ['baseline', 'binding', 'storage', 'async-storage'];

/** Who measures RocksDB without the storage: the C++ program, which only a clone has, or else the binding. */
export function rocksdbBaseline(): 'baseline' | 'binding' {
  return existsSync(baselineProgram) ? 'baseline' : 'binding';
}

export function entrantOf(name: ContestantName): Entrant {
  const serve = { command: process.execPath, args: [fileURLToPath(new URL('serve.js', import.meta.url)), name] };
  const launch = name === 'baseline' ? { command: baselineProgram, args: [] } : serve;
  return { launch: { ...launch, detached: true }, recyclesWal: RECYCLE_WAL.includes(name) };
}
