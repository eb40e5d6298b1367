// The process of one contestant: `node serve.js NAME FOLDER`, with requests on stdin (protocol.ts).

import { createInterface } from 'node:readline';
import { CONTESTANTS, type NodeContestant } from './contestants/index.js';
import { type Hello, parseRequest } from './protocol.js';

process.stdout.on('error', () => process.exit(1)); // the runner is gone

const [name, folder] = process.argv.slice(2) as [NodeContestant, string];
const contestant = await CONTESTANTS[name](folder);
const { version, durability } = contestant;
answer({ version, durability } satisfies Hello);

for await (const line of createInterface({ input: process.stdin })) {
  const { work, numbers } = parseRequest(line);
  if (work === 'settle') {
    await contestant.settle();
    answer({});
    continue;
  }
  const perform = work === 'sync-file-system' ? undefined : contestant.works[work];
  if (perform === undefined) throw new Error(`${name} has no work named ${work}`);
  answer(await perform({ ms: 0, batch: 1, inFlight: 1, ...numbers }));
}
await contestant.close();

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
