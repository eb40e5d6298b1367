// Records workloads and tries states of them, one after another, for who has forked it. It has the recorder loaded itself, for the
// recoveries that it records.

import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Batch, profileOf, seedOf } from './batch.js';
import { writeDisk } from './disk-tree.js';
import { Recorder } from './marks.js';
import { readRecording } from './recording.js';
import { type KeepDisk, type State, type StateSource, tryState } from './state.js';
import { WORKLOADS, type Workload } from './workloads.js';

export interface Order {
  runSeed: number;
  batch: Batch;
  /** A recording that there is already. */
  recording: string | undefined;
  /** Where disks with a violation are kept, and the recordings that they come from. */
  findings: string;
  /** Keeps disks without one, too. */
  keepAll: boolean;
}

export type Report =
  | { type: 'recorded'; recording: string }
  /** The state that is tried next. */
  | { type: 'begin'; state: number }
  | { type: 'state'; state: number; result: State; kept: string | undefined }
  | { type: 'end' }
  /** The workload itself has failed. */
  | { type: 'failed'; message: string };

const RECORD = fileURLToPath(new URL('./record.js', import.meta.url));
const PATIENCE_MS = 60_000;
const { RECORDER_ROOT: root = '' } = process.env;
const scratch = dirname(root);
const recorder = new Recorder();

process.on('message', async (order: Order) => {
  try {
    await carryOut(order);
    tell({ type: 'end' });
  } catch (error) {
    tell({ type: 'failed', message: (error as Error).message });
  }
});

async function carryOut({ runSeed, batch, recording: given, findings, keepAll }: Order): Promise<void> {
  const path = given ?? (await record(batch));
  tell({ type: 'recorded', recording: path });
  const check = (WORKLOADS.get(batch.workload) as Workload).check(batch.seed);
  const source: StateSource = { recording: readRecording(path), check, root, scratch, recorder };
  for (let state = batch.first; state < batch.first + batch.count; state++) {
    tell({ type: 'begin', state });
    const folder = join(findings, `${runSeed}-${state}`);
    const keep: KeepDisk = (disk, name) => {
      mkdirSync(join(folder, name), { recursive: true });
      if (!existsSync(join(folder, 'recording'))) copyFileSync(path, join(folder, 'recording'));
      writeDisk(disk, join(folder, name));
    };
    const result = await tryState(source, profileOf(state), seedOf(runSeed, state), keep, keepAll);
    tell({ type: 'state', state, result, kept: existsSync(folder) ? folder : undefined });
  }
}

async function record({ workload, seed }: Batch): Promise<string> {
  const recording = join(scratch, 'recording');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  const run = promisify(execFile);
  await run(process.execPath, [RECORD, workload, `${seed}`, root, recording], {
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  return recording;
}

function tell(report: Report): void {
  process.send?.(report);
}
