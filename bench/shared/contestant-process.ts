// A contestant as the runner sees it: a process that answers one request at a time (protocol.ts).

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import {
  type Failure,
  formatRequest,
  type Hello,
  type Sample,
  type TimedWork,
  type UntimedWork,
  type WorkNumbers,
} from './protocol.js';

type Child = ChildProcessByStdio<Writable, Readable, null>;

export interface Launch {
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** A terminal's Ctrl-C does not reach it: only the runner ends it. */
  detached?: boolean;
}

export class ContestantProcess implements AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly hello: Hello;
  readonly #child: Child;
  readonly #answers: AsyncIterator<string>;

  /** Starts `launch` with `folder`, which is made for it, as its last argument. */
  static async start(
    name: string,
    folder: string,
    { command, args, env = {}, detached = false }: Launch,
  ): Promise<ContestantProcess> {
    await mkdir(folder);
    const child = spawn(command, [...args, folder], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
      detached,
    });
    await once(child, 'spawn');
    child.stdin.on('error', () => {}); // it has ended; the missing answer tells
    const answers = lines(child.stdout);
    return new ContestantProcess(name, folder, child, answers, await nextAnswer<Hello>(name, child, answers));
  }

  private constructor(name: string, folder: string, child: Child, answers: AsyncIterator<string>, hello: Hello) {
    this.name = name;
    this.folder = folder;
    this.hello = hello;
    this.#child = child;
    this.#answers = answers;
  }

  measure(work: TimedWork, numbers: WorkNumbers): Promise<Sample> {
    return this.#ask(formatRequest(work, numbers));
  }

  async perform(work: UntimedWork): Promise<void> {
    await this.#ask(formatRequest(work));
  }

  #ask<Answer extends object>(request: string): Promise<Answer> {
    this.#child.stdin.write(`${request}\n`);
    return nextAnswer(this.name, this.#child, this.#answers);
  }

  /** Ends it at once, in the middle of whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

function lines(stream: Readable): AsyncIterator<string> {
  return createInterface({ input: stream })[Symbol.asyncIterator]();
}

async function nextAnswer<Answer extends object>(
  name: string,
  child: Child,
  answers: AsyncIterator<string>,
): Promise<Answer> {
  const { value, done } = await answers.next();
  if (!done) {
    const answer = JSON.parse(value) as Answer | Failure;
    if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
    return answer;
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  throw new Error(
    `the contestant ${name} ended before it had answered (${child.signalCode ?? `exit code ${child.exitCode}`})`,
  );
}
