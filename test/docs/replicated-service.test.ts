// The counter of docs/replicated-service.md: it is taken from there, and does what is said of it.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePorts } from '../support/free-ports.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(ROOT, 'docs/replicated-service.md'), 'utf8');
const [, program] = /^```js\n(\/\/ counter\.mjs.*?)^```$/ms.exec(text) as unknown as [string, string];

const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** The folder of a user who has installed the package. */
function installed(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/omnipaxos-rocksdb'));
  writeFileSync(join(folder, 'counter.mjs'), program);
  return folder;
}

/** Attempts to count, and those of them that were acknowledged. */
let [attempted, acknowledged] = [0, 0];

/** Asks until it is answered: it may be starting, or there may be no leader yet. */
async function ask(port: number, method: 'GET' | 'POST'): Promise<void> {
  for (;;) {
    if (method === 'POST') attempted++;
    const response = await fetch(`http://127.0.0.1:${port}`, { method }).catch(() => undefined);
    if (response?.ok) {
      if (method === 'POST') acknowledged++;
      const count = Number(await response.text());
      expect(count).toBeGreaterThanOrEqual(acknowledged);
      expect(count).toBeLessThanOrEqual(attempted);
      return;
    }
    await sleep(20);
  }
}

describe('the counter of the guide', () => {
  it('is short', () => {
    expect(program.split('\n').length).toBeLessThan(60);
  });

  it('counts on three replicas, survives the loss of one, and ends at SIGTERM', async () => {
    const cwd = installed();
    const ports = await freePorts(6);
    const endpoints = ports.slice(3).map((port) => `127.0.0.1:${port}`);
    const http = (pid: number) => ports[pid - 1] as number;
    const start = (pid: number, ...first: string[]) => {
      const child = spawn(process.execPath, ['counter.mjs', `${pid}`, `${http(pid)}`, `${endpoints}`, ...first], {
        cwd,
      });
      running.push(child);
      const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
      return { child, ended };
    };
    const replicas = [1, 2, 3].map((pid) => start(pid, 'first'));
    await ask(http(1), 'GET');
    for (const pid of [1, 2, 3]) await ask(http(pid), 'POST');
    await ask(http(3), 'GET');

    replicas[0]?.child.kill('SIGKILL');
    expect(await replicas[0]?.ended).toBe('SIGKILL');
    await ask(http(2), 'POST');
    const again = start(1);
    await ask(http(1), 'GET');

    again.child.kill('SIGTERM');
    expect(await again.ended).toBe(0);
    const restored = start(1);
    await ask(http(1), 'GET');
    await ask(http(1), 'POST');
    restored.child.kill('SIGTERM');
    expect(await restored.ended).toBe(0);
    const refused = start(1, 'first');
    let stderr = '';
    refused.child.stderr?.on('data', (piece) => {
      stderr += piece;
    });
    expect(await refused.ended).toBe(1);
    expect(stderr).toContain('bootstrap must not be true');
  });
});
