// Carries out batches on several workers. A state on which a worker hangs or ends is a violation, and the next one goes on behind it.

import { type ChildProcess, fork } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Batch, profileOf } from './batch.js';
import type { State } from './state.js';
import type { Order, Report } from './worker.js';

export interface Outcome {
  batch: Batch;
  /** Undefined where the workload itself has failed, and has no states. */
  state: number | undefined;
  result: State;
  /** The folder in which the disk was kept. */
  kept: string | undefined;
}

export interface Run {
  runSeed: number;
  batches: readonly Batch[];
  jobs: number;
  findings: string;
  keepAll?: boolean;
  /** In place of recording the workload again. */
  recording?: string | undefined;
  onOutcome(outcome: Outcome): void;
}

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
const RECORDER = fileURLToPath(new URL('../../../build/Release/power-recorder.so', import.meta.url));
/** Of one state, or of recording a workload. */
const PATIENCE_MS = 60_000;

/** All that runs at the moment, to be ended with this process. */
const running = new Set<PoolWorker>();

export async function runBatches(run: Run): Promise<void> {
  const waiting = [...run.batches];
  const work = async () => {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift())
      await new BatchRun(run, batch).toEnd();
  };
  await Promise.all(Array.from({ length: run.jobs }, work));
}

/** For a process that is told to end. */
export function endWorkers(): void {
  for (const worker of running) worker.end();
}

/** A batch, and the workers that it takes. */
class BatchRun {
  readonly #run: Run;
  readonly #batch: Batch;
  #next: number;
  #recording: string | undefined;

  constructor(run: Run, batch: Batch) {
    this.#run = run;
    this.#batch = batch;
    this.#next = batch.first;
    this.#recording = run.recording;
  }

  async toEnd(): Promise<void> {
    const { first, count } = this.#batch;
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'omnipaxos-power-'));
    try {
      while (this.#next < first + count) {
        const how = await this.#tryOn(realpathSync(folder));
        if (how === undefined) return;
        this.#failed(how);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  /** One worker, to the end of the batch, or to its own: then how that was. */
  async #tryOn(folder: string): Promise<string | undefined> {
    const { runSeed, findings, keepAll = false } = this.#run;
    const { first, count } = this.#batch;
    const batch = { ...this.#batch, first: this.#next, count: first + count - this.#next };
    const worker = new PoolWorker(folder);
    running.add(worker);
    try {
      return await worker.carryOut({ runSeed, batch, recording: this.#recording, findings, keepAll }, (report) => {
        if (report.type === 'recorded') this.#recording = report.recording;
        if (report.type !== 'state') return;
        this.#next = report.state + 1;
        this.#run.onOutcome({ batch: this.#batch, state: report.state, result: report.result, kept: report.kept });
      });
    } finally {
      worker.end();
      running.delete(worker);
    }
  }

  #failed(how: string): void {
    const { runSeed, findings, onOutcome } = this.#run;
    const state = this.#recording === undefined ? undefined : this.#next;
    let kept: string | undefined;
    if (state !== undefined) {
      kept = join(findings, `${runSeed}-${state}`);
      mkdirSync(kept, { recursive: true });
      copyFileSync(this.#recording as string, join(kept, 'recording'));
    }
    const result = { profile: profileOf(this.#next), isSecondCut: false, at: -1, violation: how };
    onOutcome({ batch: this.#batch, state, result, kept });
    this.#next = state === undefined ? Number.POSITIVE_INFINITY : state + 1;
  }
}

class PoolWorker {
  readonly #child: ChildProcess;

  /** @param folder - for what it works on */
  constructor(folder: string) {
    const root = join(folder, 'root');
    mkdirSync(root, { recursive: true });
    const env = {
      ...process.env,
      LD_PRELOAD: RECORDER,
      RECORDER_ROOT: root,
      RECORDER_MARKS: join(folder, 'marks'),
    };
    this.#child = fork(WORKER, [], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  /** Resolves with undefined at the end of the order, or with what ended the worker before. */
  carryOut(order: Order, onReport: (report: Report) => void): Promise<string | undefined> {
    return new Promise((resolve) => {
      const hangs = () => {
        this.end();
        resolve(`nothing has happened for ${PATIENCE_MS / 1000} s`);
      };
      let watchdog = setTimeout(hangs, PATIENCE_MS);
      this.#child.on('message', (report: Report) => {
        clearTimeout(watchdog);
        watchdog = setTimeout(hangs, PATIENCE_MS);
        onReport(report);
        if (report.type === 'end' || report.type === 'failed') {
          clearTimeout(watchdog);
          resolve(report.type === 'failed' ? report.message : undefined);
        }
      });
      this.#child.on('exit', (code, signal) => {
        clearTimeout(watchdog);
        resolve(`the process has ended by ${signal ?? `code ${code}`}`);
      });
      this.#child.send(order);
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
