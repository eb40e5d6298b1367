import { createInterface } from 'node:readline';
import type { Contestant } from './contestant.js';
import { type Failure, type Hello, parseRequest } from './protocol.js';

/** The process of one contestant: opens it, and answers the requests on stdin (protocol.ts) until stdin ends. */
export async function serve(open: () => Promise<Contestant>): Promise<void> {
  process.stdout.on('error', () => process.exit(1)); // the runner is gone
  try {
    const contestant = await open();
    const { version, durability } = contestant;
    answer({ version, durability } satisfies Hello);

    for await (const line of createInterface({ input: process.stdin })) {
      const { work, numbers } = parseRequest(line);
      if (work === 'settle' || work === 'fill') {
        await contestant[work]?.();
        answer({});
        continue;
      }
      const perform = work === 'sync-file-system' ? undefined : contestant.works[work];
      if (perform === undefined) throw new Error(`it has no work named ${work}`);
      answer(await perform({ ms: 0, batch: 1, inFlight: 1, ...numbers }));
    }
    await contestant.close();
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) } satisfies Failure);
    process.exitCode = 1;
    process.stdin.destroy();
  }
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
