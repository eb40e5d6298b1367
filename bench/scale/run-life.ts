// A life in a process of its own, for its memory to be of nothing else.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LifeMessage, LifeSetting, Point } from './point.js';

const SCRIPT = fileURLToPath(new URL('life-process.js', import.meta.url));

/** Resolves with all points. `onEntries` is told how many entries have been appended so far; `signal` kills the process. */
export async function runLife(
  setting: LifeSetting,
  signal: AbortSignal,
  onEntries: (entries: number) => void,
): Promise<Point[]> {
  const points: Point[] = [];
  const child = fork(SCRIPT, [JSON.stringify(setting)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    signal,
    killSignal: 'SIGKILL',
  });
  child.on('message', (message: LifeMessage) => {
    if (message.type === 'point') points.push(message.point);
    onEntries(message.type === 'point' ? message.point.entries : message.entries);
  });
  const [code, killedBy] = await once(child, 'close');
  if (code !== 0) throw new Error(`the process of ${setting.life} has ended with ${code ?? killedBy}`);
  return points;
}
