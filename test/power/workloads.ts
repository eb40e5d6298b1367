// The workloads, by name: what each does, and how disks are compared with it.

import { ConsensusCheck } from './consensus-check.js';
import type { DiskCheck } from './disk-check.js';
import { playConsensus } from './play-consensus.js';
import { playSteps } from './play-steps.js';
import { WORKLOADS as STEPS } from './steps.js';
import { StepsCheck } from './steps-check.js';

export interface Workload {
  /** Works below `root`, and tells by `mark` what is called and done. */
  play(root: string, seed: number, mark: (text: string) => void): Promise<void>;
  check(seed: number): DiskCheck;
}

export const WORKLOADS: ReadonlyMap<string, Workload> = new Map<string, Workload>([
  ...Object.entries(STEPS).map(([name, steps]): [string, Workload] => [
    name,
    {
      play: (root, seed, mark) => playSteps(root, steps, seed, mark),
      check: (seed) => new StepsCheck(steps, seed),
    },
  ]),
  ['consensus', { play: playConsensus, check: () => new ConsensusCheck() }],
]);
