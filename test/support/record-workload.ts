// Records a workload from a process that does not have the recorder loaded itself.

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const RECORD = fileURLToPath(new URL('../../dist/test/power/record.js', import.meta.url));
const RECORDER = fileURLToPath(new URL('../../build/Release/power-recorder.so', import.meta.url));

/** @returns where it has worked, and where the recording is */
export async function recordWorkload(folder: string, workload: string, seed: number) {
  const root = join(folder, 'root');
  const recording = join(folder, 'recording');
  mkdirSync(root);
  const env = { ...process.env, LD_PRELOAD: RECORDER, RECORDER_ROOT: root, RECORDER_MARKS: join(folder, 'marks') };
  await promisify(execFile)(process.execPath, [RECORD, workload, `${seed}`, root, recording], { env });
  return { root, recording };
}
