// Runs what could crash in a process of its own, and tells how that ended.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a child ended: by itself with `code`, or killed by `signal`. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  /** Arguments of Node itself, before the script. */
  nodeArguments?: readonly string[];
  /** Shell commands that run before Node, in the same process: `ulimit`, `trap`. */
  shell?: string;
  /** Beside the variables of this process. */
  env?: Record<string, string>;
  /** Called with all that the child has printed so far, whenever it prints more. */
  onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
}

// A child that hangs is killed, so that its test fails by the signal and not by leaving a process behind.
const PATIENCE_MS = 50_000;

const FIXTURES = fileURLToPath(new URL('../binding/fixtures/', import.meta.url));

/** Runs `script`, of test/binding/fixtures or with an absolute path, on the compiled code, to its end. */
export function runChild(script: string, args: readonly string[], options: ChildOptions = {}): Promise<Ending> {
  const command = [process.execPath, ...(options.nodeArguments ?? []), resolve(FIXTURES, script), ...args];
  const env = { ...process.env, ...options.env };
  const child =
    options.shell === undefined
      ? spawn(command[0] as string, command.slice(1), { env })
      : spawn('sh', ['-c', `${options.shell}\nexec "$@"`, 'sh', ...command], { env });
  const watchdog = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((settle, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      settle({ code, signal, stdout, stderr });
    });
  });
}
