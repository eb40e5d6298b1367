import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CommandOutcome {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A file of the compiled package: what a user runs. */
export function compiled(path: string): string {
  return fileURLToPath(new URL(`dist/${path}`, import.meta.resolve('omnipaxos-rocksdb/package.json')));
}

/** Runs the command `omnipaxos-rocksdb` to its end, with `input` on its stdin. */
export function runCommand(
  args: readonly string[],
  input: string | Buffer = '',
  where: Whereabouts = {},
): Promise<CommandOutcome> {
  return runNode([compiled('cli/main.js'), ...args], input, where);
}

interface Whereabouts {
  cwd?: string;
  /** On top of what this process has. */
  env?: Readonly<Record<string, string>>;
}

/** Runs Node to its end, in the current folder or in `cwd`. */
export function runNode(
  args: readonly string[],
  input: string | Buffer = '',
  { cwd, env }: Whereabouts = {},
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env } });
    const outcome = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      outcome.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      outcome.stderr += chunk;
    });
    child.stdin.on('error', () => {}); // it may end without reading
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ ...outcome, exitCode, signal }));
    child.stdin.end(input);
  });
}
