// Who says whether histories are linearizable: the Go module porcupine, in a program of ours, and the small checker of the tests.

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { violationIn } from '../support/linearizability.js';
import type { History } from './clients.js';

export interface Findings {
  checker: string;
  histories: number;
  /** Keys of histories that are not linearizable. */
  refused: string[];
  /** Keys of those that it gave up on. */
  undecided: string[];
}

/** By the key that each is of. */
export type Histories = ReadonlyMap<string, History>;
export type Check = (histories: Histories) => Promise<Findings>;

export async function checkSmall(histories: Histories): Promise<Findings> {
  const refused = [...histories].filter(([, history]) => violationIn(history) !== undefined).map(([key]) => key);
  return { checker: 'test/support/linearizability.ts', histories: histories.size, refused, undecided: [] };
}

/** Builds the program into `scratch`; it draws what it refuses in `folder`. Why it cannot be had, where it cannot. */
export function buildPorcupine(scratch: string, folder: string): Check | string {
  const source = fileURLToPath(
    new URL('test/linearizability/porcupine/', import.meta.resolve('omnipaxos-rocksdb/package.json')),
  );
  const program = join(scratch, 'porcupine');
  const { error, status, stderr } = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, encoding: 'utf8' });
  if (error) return 'go is not installed (https://go.dev/dl, or your system\'s package "golang")';
  if (status !== 0) return `go could not build it: ${stderr.trim()}`;
  return (histories) => runPorcupine(program, folder, histories);
}

async function runPorcupine(program: string, folder: string, histories: Histories): Promise<Findings> {
  const child = spawn(program, [folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  child.stdin.on('error', () => {}); // it has ended; its code tells
  for (const line of linesOf(histories)) child.stdin.write(line);
  child.stdin.end();
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error('porcupine could not read the histories');
  return { checker: 'porcupine', ...JSON.parse(answer) };
}

/** A JSON object for each operation, as the program reads them. */
export function* linesOf(histories: Histories): Generator<string> {
  for (const [key, history] of histories) {
    for (const operation of history) yield `${JSON.stringify({ key, ...operation })}\n`;
  }
}
